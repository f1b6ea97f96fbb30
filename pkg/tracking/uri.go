package tracking

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/trident-nlp/trident/internal/home"
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

// CheckURI refuses what [Open] can't take for a tracking URI, without asking a server or
// making a folder.
func CheckURI(uri string) error {
	_, err := parseURI(uri)
	return err
}

func parseURI(uri string) (target, error) {
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case uri == "":
		return parseURI(DefaultURI)
	case hidesServer(uri):
		return target{}, notAServer(uri)
	case isPath(uri, scheme):
		path, err := home.Expand(uri)
		if err != nil {
			return target{}, fmt.Errorf("tracking URI: %w", err)
		}
		return target{dir: filepath.Clean(path)}, nil
	case looksLikeServer(scheme, rest):
		return target{}, notAServer(uri)
	case !found && uri != "databricks" && uri != "databricks-uc": // which MLflow's clients take for schemes
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

// isPath reports whether a URI is plainly a path: what is before a colon, if there is
// one, has a slash in it, or it begins as only paths do.
func isPath(uri, beforeColon string) bool {
	return strings.HasPrefix(uri, ".") || strings.HasPrefix(uri, "/") && !strings.HasPrefix(uri, "//") || strings.HasPrefix(uri, "~") ||
		strings.Contains(beforeColon, "/") && !strings.HasPrefix(uri, "//") && !hostName(firstPart(beforeColon))
}

func notAServer(uri string) error {
	return fmt.Errorf("%w: %s is a server without http:// or https:// before it; if it is a folder, write file:./%s", ErrUnsupportedURI, withoutUser(uri), withoutUser(uri))
}

// hidesServer reports whether what doesn't begin as only paths do has a server's address
// in it: http//127.0.0.1:5000, runs/mlflow:5000.
func hidesServer(uri string) bool {
	if strings.ContainsAny(uri[:1], "./~") {
		return false
	}
	parts := strings.Split(uri, "/")
	switch strings.ToLower(parts[0]) {
	case "http", "https":
		return len(parts) > 1
	case "http:", "https:", "file:":
		return false
	}
	return !strings.Contains(parts[0], ":") && slices.ContainsFunc(parts[1:], func(part string) bool {
		host, number, found := strings.Cut(part[strings.LastIndexByte(part, '@')+1:], ":")
		at, err := strconv.Atoi(number)
		return found && err == nil && at > 0 && at < 1<<16 &&
			(hostName(host) || strings.ContainsFunc(host, unicode.IsLetter) && (at == 80 || at == 443 || at >= 1024))
	})
}

func firstPart(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// port is what follows a host's name and a colon.
var port = regexp.MustCompile(`^[0-9]{1,5}($|/)`)

// looksLikeServer reports whether what has no scheme that we know is a server's address:
// host:5000, 127.0.0.1, localhost/prefix, mlflow.example.org, [::1]:5000, //host, or
// user:password@host.
func looksLikeServer(beforeColon, rest string) bool {
	return port.MatchString(rest) || strings.HasPrefix(beforeColon, "//") || strings.HasPrefix(beforeColon, "[") ||
		hostName(firstPart(beforeColon)) || !strings.HasPrefix(rest, "//") && strings.Contains(rest, "@")
}

// hostName reports whether a word is rather a host's name than a folder's: localhost, an
// address, or labels with dots between them that end in one of letters alone.
func hostName(word string) bool {
	if strings.EqualFold(word, "localhost") || net.ParseIP(word) != nil {
		return true
	}
	labels := strings.Split(word, ".")
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) > 1 && !slices.Contains(labels, "") && strings.IndexFunc(last, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// withoutUser leaves a user's name and password away.
func withoutUser(address string) string {
	return strings.TrimPrefix(address[strings.LastIndexByte(address, '@')+1:], "//")
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
	if path, err = home.Expand(path); err != nil {
		return "", err
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
