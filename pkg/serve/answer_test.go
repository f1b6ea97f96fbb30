package serve

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// unzipped is what an answer holds, and whether it came compressed.
func (r reply) unzipped(t *testing.T) (body string, zipped bool) {
	t.Helper()
	if r.header.Get("Content-Encoding") == "" {
		return r.body, false
	}
	z, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), true
}

// TestGzipAnswer: what is large enough is compressed for those who take it, and
// is the same.
func TestGzipAnswer(t *testing.T) {
	script := strings.Repeat("let a = 1;\n", 1000)
	s := newReadyServer(t, func(c *Config) {
		c.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"1"`)
			switch r.URL.Path {
			case "/picture.png":
				w.Header().Set("Content-Type", "image/png")
			default:
				w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(script))
		})
	})
	large := `{"texts": ["` + strings.Repeat("my son ", 20) + `"], "scores": true}`
	for name, test := range map[string]struct {
		method, path, body, accept string
		zipped, vary               bool
	}{
		"a prediction":       {"POST", "/v1/predict", large, "gzip", true, true},
		"among others":       {"POST", "/v1/predict", large, "br;q=1.0, deflate, gzip;q=0.5", true, true},
		"anything":           {"POST", "/v1/predict", large, "*", true, true},
		"in capitals":        {"POST", "/v1/predict", large, "GZIP", true, true},
		"not wanted":         {"POST", "/v1/predict", large, "gzip;q=0, *", false, true},
		"not wanted, 0.000":  {"POST", "/v1/predict", large, "gzip; q=0.000", false, true},
		"nothing wanted":     {"POST", "/v1/predict", large, "", false, true},
		"only identity":      {"POST", "/v1/predict", large, "identity", false, true},
		"a small one":        {"POST", "/v1/predict", `{"texts": ["a"], "tasks": ["mood"]}`, "gzip", false, true},
		"a problem":          {"POST", "/v1/predict", `{}`, "gzip", false, false},
		"the description":    {"GET", "/openapi.json", "", "gzip", true, true},
		"measures":           {"GET", "/metrics", "", "gzip", true, true},
		"a file of the page": {"GET", "/page.js", "", "gzip", true, true},
		"its head":           {"HEAD", "/page.js", "", "gzip", false, true},
		"a picture":          {"GET", "/picture.png", "", "gzip", false, false},
	} {
		got := s.do(t.Context(), test.method, test.path, test.body, "Accept-Encoding", test.accept)
		body, zipped := got.unzipped(t)
		if zipped != test.zipped || slices.Contains(got.header.Values("Vary"), "Accept-Encoding") != test.vary {
			t.Errorf("%s: compressed %t, Vary %q", name, zipped, got.header.Values("Vary"))
		}
		if length := got.header.Get("Content-Length"); zipped && length != fmt.Sprint(len(got.body)) {
			t.Errorf("%s: %d bytes have the length %q", name, len(got.body), length)
		}
		plain := s.do(t.Context(), test.method, test.path, test.body)
		if test.path == "/page.js" && test.method == "GET" && (body != script || got.header.Get("Etag") != `W/"1"`) {
			t.Errorf("%s: %d bytes, Etag %s", name, len(body), got.header.Get("Etag"))
		}
		if test.path == "/openapi.json" && body != plain.body {
			t.Errorf("%s: another content", name)
		}
		if test.path == "/v1/predict" && plain.code == http.StatusOK && len(body) < len(plain.body)*9/10 {
			t.Errorf("%s: %d bytes of %d", name, len(body), len(plain.body))
		}
	}
	if got := s.do(t.Context(), "GET", "/page.js", "", "Accept-Encoding", "gzip", "If-None-Match", `W/"1"`); got.code != http.StatusNotModified {
		t.Errorf("asked for anew: %d", got.code)
	}
	if got := s.do(t.Context(), "GET", "/page.js", "", "Accept-Encoding", "gzip", "Range", "bytes=0-9"); got.code != http.StatusPartialContent || got.body != script[:10] {
		t.Errorf("a part: %d, %q", got.code, got.body)
	}
}

// TestEveryFailureIsAProblem: also those that other people's handlers write in
// plain text, and those that come after something was written.
func TestEveryFailureIsAProblem(t *testing.T) {
	s := newServer(t, func(c *Config) {
		c.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/fails":
				http.Error(w, secret, http.StatusInternalServerError)
			case "/teapot":
				w.Header().Set("Content-Length", "6")
				w.WriteHeader(http.StatusTeapot)
				_, _ = w.Write([]byte(secret))
			case "/panics":
				panic(secret)
			case "/panics-late":
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write(bytes.Repeat([]byte(secret), 1000))
				panic(secret)
			case "/":
			default:
				http.NotFound(w, r)
			}
		})
	})
	for _, test := range []struct {
		method, path string
		status       int
		detail       string
	}{
		{"GET", "/none", 404, "there is nothing here; /docs lists what there is"},
		{"HEAD", "/none", 404, ""},
		{"POST", "/none", 404, "there is nothing here; /docs lists what there is"},
		{"POST", "/", 405, "want GET"},
		{"PUT", "/v1/predict", 405, "want POST"},
		{"GET", "/fails", 500, "the server failed; its log has more under the request's id"},
		{"GET", "/teapot", 418, "i'm a teapot"},
		{"GET", "/panics", 500, "the server failed; its log has more under the request's id"},
		{"GET", "/panics-late", 500, "the server failed; its log has more under the request's id"},
	} {
		got := s.do(t.Context(), test.method, test.path, "", "Accept-Encoding", "gzip")
		if test.method == "HEAD" {
			if got.code != test.status || got.header.Get("Content-Type") != problemType {
				t.Errorf("%s %s: %d, %s", test.method, test.path, got.code, got.header.Get("Content-Type"))
			}
			continue
		}
		if status, _, detail := got.problem(t); status != test.status || detail != test.detail {
			t.Errorf("%s %s: %d, %q; want %d, %q", test.method, test.path, status, detail, test.status, test.detail)
		}
		if n := got.header.Get("Content-Length"); n != fmt.Sprint(len(got.body)) || got.header.Get("Content-Encoding") != "" {
			t.Errorf("%s %s: %d bytes, of which the header says %s", test.method, test.path, len(got.body), n)
		}
	}
}

func FuzzAcceptsGzip(f *testing.F) {
	for _, header := range []string{"gzip", "*;q=0", "gzip;q=0.5,br", ";;;", "gzip;q="} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if acceptsGzip(http.Header{"Accept-Encoding": {header}}) && !strings.Contains(strings.ToLower(header), "gzip") && !strings.Contains(header, "*") {
			t.Errorf("%q accepts gzip", header)
		}
	})
}
