package serve

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

// TestGzipBody: a compressed request is read, and its limit is that of what
// comes out.
func TestGzipBody(t *testing.T) {
	s := newReadyServer(t, func(c *Config) { c.Limits.Body, c.QueueBytes = 100_000, 150_000 })
	good := filetest.Gzip(t, []byte(`{"texts": ["`+secret+`"]}`))
	half := good[:len(good)/2]
	bomb := filetest.Gzip(t, bytes.Repeat([]byte(" "), 100_001))
	nothing := filetest.Gzip(t, []byte(nil))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	for name, test := range map[string]struct {
		body   io.Reader
		coding string
		status int
		detail string
	}{
		"gzip":                {bytes.NewReader(good), "gzip", 200, ""},
		"x-gzip":              {bytes.NewReader(good), "X-GZIP", 200, ""},
		"in two parts":        {io.MultiReader(bytes.NewReader(filetest.Gzip(t, []byte(`{"texts": `))), bytes.NewReader(filetest.Gzip(t, []byte(`["a"]}`)))), "gzip", 200, ""},
		"zero bytes behind":   {io.MultiReader(bytes.NewReader(good), zeros(5000)), "gzip", 200, ""},
		"zero bytes between":  {io.MultiReader(bytes.NewReader(filetest.Gzip(t, []byte(`{"texts": `))), zeros(3), bytes.NewReader(filetest.Gzip(t, []byte(`["a"]}`))), zeros(1)), "gzip", 200, ""},
		"zero bytes in front": {io.MultiReader(zeros(1), bytes.NewReader(good)), "gzip", 400, "not gzip"},
		"too many of them":    {io.MultiReader(bytes.NewReader(good), zeros(1<<30)), "gzip", 413, "more than 100000 bytes"},
		"more behind":         {io.MultiReader(bytes.NewReader(good), zeros(5), strings.NewReader("and so on, and so on")), "gzip", 400, "not gzip"},
		"half a header":       {io.MultiReader(bytes.NewReader(good), zeros(5), strings.NewReader("\x1f\x8b\x08")), "gzip", 400, "broke off"},
		"a single byte":       {io.MultiReader(bytes.NewReader(good), strings.NewReader("\x1f")), "gzip", 400, "broke off"},
		"as large as allowed": {bytes.NewReader(filetest.Gzip(t, append([]byte(`{"texts": ["a"]}`), bytes.Repeat([]byte(" "), 100_000-16)...))), "gzip", 200, ""},
		"a byte too many":     {bytes.NewReader(bomb), "gzip", 413, "more than 100000 bytes"},
		"parts of nothing":    {io.LimitReader(&again{nothing, 0}, 1<<30), "gzip", 413, "more than 100000 bytes"},
		"half":                {bytes.NewReader(half), "gzip", 400, "broke off"},
		"nothing at all":      {strings.NewReader(""), "gzip", 400, "broke off"},
		"a wrong checksum":    {bytes.NewReader(flipped), "gzip", 400, "not gzip"},
		"no gzip":             {strings.NewReader(`{"texts": ["` + secret + `"]}`), "gzip", 400, "not gzip"},
		"gzip unsaid":         {bytes.NewReader(good), "", 400, "not UTF-8"},
		"brotli":              {bytes.NewReader(good), "br", 415, "want the Content-Encoding gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/predict", test.body)
			r.Header.Set("Content-Type", "application/json")
			if test.coding != "" {
				r.Header.Set("Content-Encoding", test.coding)
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			got := reply{w.Code, w.Header(), w.Body.String()}
			if got.code != test.status {
				t.Fatalf("status %d, want %d", got.code, test.status)
			}
			if test.status != http.StatusOK {
				if _, _, detail := got.problem(t); !strings.Contains(detail, test.detail) {
					t.Errorf("got %q, want %q", detail, test.detail)
				}
			}
			if test.status == http.StatusUnsupportedMediaType && got.header.Get("Accept-Encoding") != "gzip" {
				t.Error("it doesn't say which coding would do")
			}
		})
	}
	if s.admission.bytes.Load() != 0 {
		t.Errorf("%d bytes are still held", s.admission.bytes.Load())
	}
}

func zeros(n int64) io.Reader { return io.LimitReader(&again{make([]byte, 512), 0}, n) }

// again gives the same bytes for ever.
type again struct {
	data []byte
	at   int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.data[a.at:])
	a.at = (a.at + n) % len(a.data)
	return n, nil
}

// TestByteOrderMark: it may stand in front; places of errors count it.
func TestByteOrderMark(t *testing.T) {
	s := newReadyServer(t, nil)
	for body, want := range map[string]struct {
		status int
		detail string
	}{
		"\uFEFF" + `{"texts": ["a"]}`:        {200, ""},
		"\uFEFF" + `x`:                       {400, "broken JSON: it ends too early, or at its last byte"},
		"\uFEFF" + `xx`:                      {400, "broken JSON at byte 4"},
		"\uFEFF":                             {400, "the body is empty"},
		"\uFEFF" + "{\"texts\": [\"\xff\"]}": {400, "the body is not UTF-8: see byte 16"},
		"\uFEFF\uFEFF" + `{"texts": ["a"]}`:  {400, "broken JSON at byte 4"},
	} {
		got := s.predict(body)
		if got.code != want.status {
			t.Errorf("%q: status %d, want %d", body, got.code, want.status)
		}
		if want.status != http.StatusOK {
			if _, _, detail := got.problem(t); detail != want.detail && !strings.HasPrefix(detail, want.detail+";") {
				t.Errorf("%q: %q, want %q", body, detail, want.detail)
			}
		}
	}
}

// TestTwice: of a field that stands there twice, nobody knows which one counts.
func TestTwice(t *testing.T) {
	s := newReadyServer(t, nil)
	for body, field := range map[string]string{
		`{"texts": ["a"], "texts": ["b"]}`:                 "texts",
		`{"texts": ["a"], "\u0074exts": ["b"]}`:            "texts",
		`{"texts": null, "texts": ["b"]}`:                  "texts",
		`{"scores": true, "texts": ["a"], "scores": true}`: "scores",
		`{"overlap": 0, "overlap": 0, "texts": ["a"]}`:     "overlap",
	} {
		if status, at, detail := s.predict(body).problem(t); status != http.StatusUnprocessableEntity || at != field || detail != "the field stands there twice" {
			t.Errorf("%s: %d, field %q, %q", body, status, at, detail)
		}
	}
}
