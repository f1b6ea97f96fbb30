package tracking

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// DefaultURI is the file store that is used when nothing else is configured.
const DefaultURI = "file:./mlruns"

// ResolveURI picks the tracking URI: MLFLOW_TRACKING_URI as seen by getenv if
// it is set, else the configured one, else DefaultURI. The variable comes
// first because a configuration file always names some store, and whoever sets
// the variable means this one run.
func ResolveURI(configured string, getenv func(string) string) string {
	for _, uri := range []string{getenv("MLFLOW_TRACKING_URI"), configured} {
		if uri = strings.TrimSpace(uri); uri != "" {
			return uri
		}
	}
	return DefaultURI
}

// target is a parsed tracking URI: exactly one of its fields is set.
type target struct {
	dir    string   // file store: a directory, absolute or relative to the working directory
	server *url.URL // tracking server: base URL without a trailing slash; may carry user info
}

func parseURI(uri string) (target, error) {
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case uri == "":
		return parseURI(DefaultURI)
	case !found || strings.ContainsAny(scheme, `/\.`):
		return target{dir: filepath.Clean(uri)}, nil
	case strings.EqualFold(scheme, "file"):
		dir, err := filePath(rest)
		if err != nil {
			return target{}, fmt.Errorf("tracking URI %q: %w", uri, err)
		}
		return target{dir: dir}, nil
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		base, err := url.Parse(uri)
		if err != nil {
			// url.Error repeats the URI, which may hold a password.
			return target{}, fmt.Errorf("%w: not a valid %s URL", ErrUnsupportedURI, scheme)
		}
		if base.Host == "" {
			return target{}, fmt.Errorf("%w: %s URL without a host", ErrUnsupportedURI, scheme)
		}
		base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), ""
		base.RawQuery, base.Fragment = "", ""
		return target{server: base}, nil
	default:
		return target{}, fmt.Errorf("%w %q: give a directory (file:./mlruns) or a server (http://host:5000); "+
			"for a database start `mlflow server --backend-store-uri …` and give its address", ErrUnsupportedURI, scheme+":…")
	}
}

// filePath is the path in what follows "file:", which is either a plain path or
// //host/path with an empty host or localhost; both may be percent-encoded.
func filePath(rest string) (string, error) {
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, _, _ := strings.Cut(after, "/")
		if host != "" && host != "localhost" {
			return "", fmt.Errorf("%w: %q is read as a host, write file:./%s for a relative path or file:///%s for an absolute one",
				ErrUnsupportedURI, host, after, after)
		}
		rest = after[len(host):]
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnsupportedURI, err)
	}
	if path == "" {
		return "", fmt.Errorf("%w: file: without a path", ErrUnsupportedURI)
	}
	return filepath.Clean(path), nil
}

// fileURI is the file:// URI of an absolute path.
func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// localPath is the directory that an artifact URI names on this machine, and
// whether it names one at all.
func localPath(artifactURI string) (string, bool) {
	parsed, err := parseURI(artifactURI)
	if err != nil || parsed.dir == "" || !filepath.IsAbs(parsed.dir) {
		return "", false
	}
	return parsed.dir, true
}
