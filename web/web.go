// Package web is the page on which supervisors look at what the model says of
// a call. It is plain HTML, CSS and JavaScript modules in static/, embedded in
// the program. The page asks v1/predict and readyz of the server that it comes
// from and nothing else, and keeps nothing in the browser.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed static
var static embed.FS

// policy lets the page load its own files and ask its own server, and nothing
// else. Script can't make markup of a string (trusted types).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// contentTypes are those of the files in static. The system's own list, which
// package mime reads, differs from machine to machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
}

type asset struct {
	data []byte
	kind string
	etag string
}

// Handler serves the page at / and its files beside it. It answers GET and
// HEAD; other paths are 404.
func Handler() http.Handler {
	assets := map[string]asset{}
	root, err := fs.Sub(static, "static")
	if err == nil {
		err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := fs.ReadFile(root, name)
			sum := sha256.Sum256(data)
			assets["/"+name] = asset{data, contentTypes[path.Ext(name)], fmt.Sprintf(`"%x"`, sum[:12])}
			return err
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		name := r.URL.Path
		if name == "/" {
			name = "/index.html"
		}
		a, found := assets[name]
		switch {
		case err != nil: // an embedded file that can't be read: the program is damaged
			http.Error(w, "the page's files can't be read: build the program anew", http.StatusInternalServerError)
		case !found:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page answers GET and HEAD only", http.StatusMethodNotAllowed)
		default:
			if name == "/index.html" { // no copy of the page with a call in it, for the "back" button either
				w.Header().Set("Cache-Control", "no-store")
			}
			w.Header().Set("Content-Type", a.kind)
			w.Header().Set("ETag", a.etag)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
		}
	})
}

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // kept, but asked for anew, with its ETag
}
