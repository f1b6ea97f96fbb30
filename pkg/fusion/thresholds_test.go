package fusion

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestReadThresholds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "thresholds.json")
	for name, test := range map[string]struct {
		content string
		want    Thresholds
		err     string
	}{
		"one":         {`{"qa": {"opening": 0.43}}`, Thresholds{"qa": {"opening": 0.43}}, ""},
		"two tasks":   {"{\"qa\": {\"opening\": 0.4, \"hold\": 2}, \"topics\": {}}\n", Thresholds{"qa": {"opening": 0.4, "hold": 2}, "topics": {}}, ""},
		"none":        {`{}`, Thresholds{}, ""},
		"empty":       {"", nil, "the file is empty"},
		"cut":         {`{"qa": {"opening": 0.`, nil, "the JSON ends too early"},
		"broken":      {`{"qa": Amina}`, nil, "broken JSON at byte 8"},
		"more":        {`{"qa": {}} {"text": "Amina"}`, nil, "something follows"},
		"null":        {`null`, nil, "want a JSON object of tasks"},
		"null task":   {`{"qa": null}`, nil, "want a JSON object of tasks"},
		"null head":   {`{"qa": {"opening": null}}`, nil, "want a JSON object of tasks"},
		"transcripts": {`[{"text": "Amina"}]`, nil, "want a JSON object of tasks"},
		"text":        {`{"qa": {"opening": "Amina"}}`, nil, "want a JSON object of tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.content), 0o666); err != nil {
				t.Fatal(err)
			}
			got, err := ReadThresholds(path)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if (err == nil) != (test.err == "") || !strings.Contains(errorText(err), test.err) {
				t.Fatalf("error %v, want one with %q", err, test.err)
			}
			if err != nil && (!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "Amina")) {
				t.Errorf("error %q; it should name the file and nothing of what it holds", err)
			}
		})
	}
	if _, err := ReadThresholds(path + ".gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
