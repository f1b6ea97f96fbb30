package serve

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/filetest"
)

// FuzzDecode: whatever comes, a request is either right in all its fields or a
// problem of the client's.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"texts": ["a"]}`, `{"texts": ["a", "b"], "tasks": ["ner"], "scores": true, "qa_threshold": 0.5, "overlap": 3}`, `{"texts": ["a"], "long": "mean"}`,
		`{"texts": ["\ud83d"]}`, `{"texts": [["a"]]}`, `{"texts": "a", "texts": ["b"]}`, `[]`, `null`, "", "{\"texts\": [\"\xff\"]}",
		`{"texts": ["a"], "qa_threshold": 1e999}`, `{"texts": ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]}`, `{"texts": [1,2,3,4,5]}`,
	} {
		f.Add([]byte(body))
	}
	limits := Limits{Body: 1 << 20, Texts: 4, Text: 32}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := limits.decode(body)
		if err != nil {
			var p *problem
			if !errors.As(err, &p) || p.Status != http.StatusBadRequest && p.Status != http.StatusRequestEntityTooLarge && p.Status != http.StatusUnprocessableEntity {
				t.Errorf("no problem of the client's: %v", err)
			}
			return
		}
		if len(r.Texts) == 0 || len(r.Texts) > limits.Texts || r.Overlap != nil && *r.Overlap < 0 || r.QAThreshold < 0 || r.QAThreshold >= 1 || len(r.Tasks) > maxNames {
			t.Errorf("%d texts, overlap %v, threshold %g, %d tasks", len(r.Texts), r.Overlap, r.QAThreshold, len(r.Tasks))
		}
		for _, text := range r.Texts {
			if len(text) > limits.Text || strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
				t.Errorf("a text of %d bytes", len(text))
			}
		}
	})
}

// FuzzGunzip: what comes out is what Go's own reader of members gives, but for
// zero bytes behind them.
func FuzzGunzip(f *testing.F) {
	one := filetest.Gzip(f, []byte("my son"))
	f.Add(one, uint16(0))
	f.Add(append(slices.Clone(one), one...), uint16(3))
	f.Add(one[:len(one)-1], uint16(1))
	f.Add([]byte("\x1f"), uint16(2))
	f.Fuzz(func(t *testing.T, data []byte, zeros uint16) {
		read := func(open func(io.Reader) (io.Reader, error), from []byte) ([]byte, error) {
			r, err := open(bytes.NewReader(from))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(io.LimitReader(r, 1<<20))
		}
		want, wrong := read(func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }, data)
		got, err := read(func(r io.Reader) (io.Reader, error) { return newGunzip(r) }, append(slices.Clone(data), make([]byte, zeros)...))
		if wrong == nil && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
		}
	})
}
