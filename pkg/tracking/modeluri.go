package tracking

import (
	"fmt"
	"regexp"
	"strings"
)

// IsModelURI reports whether text names a model in MLflow, as models:/… and runs:/… do,
// rather than a folder.
func IsModelURI(text string) bool {
	return strings.HasPrefix(text, "models:") || strings.HasPrefix(text, "runs:")
}

// modelURI is a parsed name of a model. Exactly one of registered, model and run is set.
type modelURI struct {
	registered     string // name of a registered model, with one of the next two
	version, alias string // "latest" is a version
	model          string // id of a logged model
	run, path      string // a folder among a run's artifacts
}

var (
	versionPattern = regexp.MustCompile(`^[0-9]{1,18}$`)
	modelIDPattern = regexp.MustCompile(`^m-[0-9a-f]{32}$`)
)

// latestVersion is the name of the version with the highest number.
const latestVersion = "latest"

// parseModelURI reads models:/NAME@ALIAS, models:/NAME/VERSION, models:/NAME/latest,
// models:/ID and runs:/ID/PATH. The error is ErrModelURI.
func parseModelURI(text string) (modelURI, error) {
	wrong := func(want string) (modelURI, error) {
		return modelURI{}, fmt.Errorf("%w %q: want %s", ErrModelURI, text, want)
	}
	scheme, rest, found := strings.Cut(text, ":/")
	if !found || strings.HasPrefix(rest, "/") {
		return wrong("models:/NAME@ALIAS, models:/NAME/VERSION or runs:/ID/checkpoint, with one slash after the colon")
	}
	if scheme == "runs" {
		run, path, _ := strings.Cut(rest, "/")
		path = strings.TrimRight(path, "/")
		if !isRunID(run) || path == "" || cleanPath(path) != path {
			return wrong("runs:/ID/PATH, such as runs:/0a1b…/checkpoint")
		}
		return modelURI{run: run, path: path}, nil
	}
	rest = strings.TrimRight(rest, "/")
	at, slash := strings.LastIndexByte(rest, '@'), strings.LastIndexByte(rest, '/')
	switch {
	case scheme != "models":
		return wrong("models:/… or runs:/…")
	case modelIDPattern.MatchString(rest):
		return modelURI{model: rest}, nil
	case at > 0 && at > slash && at+1 < len(rest) && slash < 0:
		return modelURI{registered: rest[:at], alias: rest[at+1:]}, nil
	case slash > 0 && !strings.ContainsAny(rest[:slash], "/@"):
		version := rest[slash+1:]
		if strings.EqualFold(version, latestVersion) {
			version = latestVersion
		} else if !versionPattern.MatchString(version) {
			return wrong("a version's number or latest after the name; for an alias models:/" + rest[:slash] + "@" + version)
		}
		return modelURI{registered: rest[:slash], version: version}, nil
	}
	return wrong("models:/NAME@ALIAS, models:/NAME/VERSION or models:/NAME/latest")
}
