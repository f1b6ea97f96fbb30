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

// DefaultURI is the file store used if nothing else is configured.
const DefaultURI = "file:./mlruns"

// ResolveURI picks the tracking URI: MLFLOW_TRACKING_URI as seen by getenv if
// it is set, otherwise the configured one, otherwise DefaultURI. The variable takes
// precedence because a configuration file always has some store, and the variable
// is set for a particular run.
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

// CheckURI returns an error for a tracking URI that [Open] can't use, without
// contacting a server or creating a folder.
func CheckURI(uri string) error {
	_, err := parseURI(uri)
	return err
}

// IsServer reports whether a tracking URI is a server's, rather than a folder's.
func IsServer(uri string) bool {
	where, err := parseURI(uri)
	return err == nil && where.server != nil
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
	case !found && uri != "databricks" && uri != "databricks-uc": // which MLflow's clients treat as schemes
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

// isPath reports whether a URI is clearly a path: it begins as only paths do, or has
// a slash before any colon.
func isPath(uri, beforeColon string) bool {
	return strings.HasPrefix(uri, ".") || strings.HasPrefix(uri, "/") && !strings.HasPrefix(uri, "//") || strings.HasPrefix(uri, "~") ||
		strings.Contains(beforeColon, "/") && !strings.HasPrefix(uri, "//") && !hostName(firstPart(beforeColon))
}

func notAServer(uri string) error {
	return fmt.Errorf("%w: %s is a server without http:// or https:// before it; if it is a folder, write file:./%s", ErrUnsupportedURI, withoutUser(uri), withoutUser(uri))
}

// hidesServer reports whether a URI that doesn't clearly begin as a path contains a
// server's address: http//127.0.0.1:5000, runs/mlflow:5000.
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

// port matches the text after a host name and a colon.
var port = regexp.MustCompile(`^[0-9]{1,5}($|/)`)

// looksLikeServer reports whether a URI without a known scheme is a server's address:
// host:5000, 127.0.0.1, localhost/prefix, mlflow.example.org, [::1]:5000, //host, or
// user:password@host.
func looksLikeServer(beforeColon, rest string) bool {
	return port.MatchString(rest) || strings.HasPrefix(beforeColon, "//") || strings.HasPrefix(beforeColon, "[") ||
		hostName(firstPart(beforeColon)) || !strings.HasPrefix(rest, "//") && strings.Contains(rest, "@")
}

// hostName reports whether a word is more likely a host name than a folder: localhost,
// an address, or dot-separated labels, the last of which has only letters.
func hostName(word string) bool {
	if strings.EqualFold(word, "localhost") || net.ParseIP(word) != nil {
		return true
	}
	labels := strings.Split(word, ".")
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) > 1 && !slices.Contains(labels, "") && strings.IndexFunc(last, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// withoutUser removes user name and password.
func withoutUser(address string) string {
	return strings.TrimPrefix(address[strings.LastIndexByte(address, '@')+1:], "//")
}

// filePath returns the path in the text after "file:", which is either a plain path
// or //host/path with an empty host or localhost; both may be percent-encoded.
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

// fileURI returns the file:// URI of an absolute path.
func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// localPath returns the local directory of an artifact URI, and whether it has
// one.
func localPath(artifactURI string) (string, bool) {
	parsed, err := parseURI(artifactURI)
	if err != nil || parsed.dir == "" || !filepath.IsAbs(parsed.dir) {
		return "", false
	}
	return parsed.dir, true
}
