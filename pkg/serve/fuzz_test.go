package serve

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecode: whatever comes, a request is either right in all its fields or a
// problem of the client's.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"texts": ["a"]}`, `{"texts": ["a", "b"], "tasks": ["ner"], "scores": true, "qa_threshold": 0.5, "overlap": 3}`,
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
		if len(r.Texts) == 0 || len(r.Texts) > limits.Texts || r.Overlap < 0 || r.QAThreshold < 0 || r.QAThreshold >= 1 || len(r.Tasks) > maxTasks {
			t.Errorf("%d texts, overlap %d, threshold %g, %d tasks", len(r.Texts), r.Overlap, r.QAThreshold, len(r.Tasks))
		}
		for _, text := range r.Texts {
			if len(text) > limits.Text || strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
				t.Errorf("a text of %d bytes", len(text))
			}
		}
	})
}
