package web

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestHandler(t *testing.T) {
	h := Handler()
	for _, test := range []struct {
		method, path string
		code         int
		kind, cache  string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "no-store"},
		{"GET", "/index.html", 200, "text/html; charset=utf-8", "no-store"},
		{"HEAD", "/", 200, "text/html; charset=utf-8", "no-store"},
		{"GET", "/app.js", 200, "text/javascript; charset=utf-8", "no-cache"},
		{"GET", "/style.css", 200, "text/css; charset=utf-8", "no-cache"},
		{"GET", "/icon.svg", 200, "image/svg+xml", "no-cache"},
		{"POST", "/", 405, "text/plain; charset=utf-8", "no-cache"},
		{"GET", "/none.js", 404, "text/plain; charset=utf-8", "no-cache"},
		{"GET", "/../web.go", 404, "text/plain; charset=utf-8", "no-cache"},
		{"GET", "/static/app.js", 404, "text/plain; charset=utf-8", "no-cache"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(test.method, "http://example.test"+test.path, nil))
		header := w.Result().Header
		if w.Code != test.code || header.Get("Content-Type") != test.kind {
			t.Errorf("%s %s: %d, %s; want %d, %s", test.method, test.path, w.Code, header.Get("Content-Type"), test.code, test.kind)
		}
		if (w.Body.Len() == 0) != (test.method == "HEAD") {
			t.Errorf("%s %s: a body of %d bytes", test.method, test.path, w.Body.Len())
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if header.Get(name) != want {
				t.Errorf("%s %s: %s is %q", test.method, test.path, name, header.Get(name))
			}
		}
		if test.code == 200 && header.Get("Cache-Control") != test.cache {
			t.Errorf("%s: Cache-Control %q, want %q", test.path, header.Get("Cache-Control"), test.cache)
		}
		if strings.Contains(header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("the policy is loose: %s", header.Get("Content-Security-Policy"))
		}
	}
}

func TestNotModified(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	get := func(etag string) (code int, newETag string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/app.js", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("If-None-Match", etag)
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		return response.StatusCode, response.Header.Get("ETag")
	}
	code, etag := get(`"another"`)
	if code != http.StatusOK || etag == "" {
		t.Fatalf("%d, ETag %q", code, etag)
	}
	if code, _ := get(etag); code != http.StatusNotModified {
		t.Errorf("asked for anew: %d", code)
	}
}

// TestStatic: no file of the page makes markup or code of strings, keeps
// anything in the browser, or names another host.
func TestStatic(t *testing.T) {
	bad := map[string]*regexp.Regexp{
		"markup or code of a string": regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment`),
		"a store in the browser":     regexp.MustCompile(`localStorage|sessionStorage|indexedDB|document\.cookie|caches\.|serviceWorker|history\.`),
		"a log":                      regexp.MustCompile(`console\.`),
		"another host":               regexp.MustCompile(`(https?:)?//[a-z0-9.-]+\.[a-z]`),
		"style or script in markup":  regexp.MustCompile(`(?i)<style|<script(>| [^>]*>[^<])|\sstyle="|\son[a-z]+="`),
	}
	n := 0
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		n++
		if contentTypes[path.Ext(name)] == "" {
			t.Errorf("%s: no content type", name)
		}
		data, err := fs.ReadFile(static, name)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(data), "http://www.w3.org/2000/svg", "") // the name of SVG, which nobody fetches
		for what, pattern := range bad {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
		return nil
	})
	if err != nil || n < 5 {
		t.Errorf("%d files: %v", n, err)
	}
}
