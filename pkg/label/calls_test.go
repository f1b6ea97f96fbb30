package label

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

// collectCalls reads to the end, and on behind calls that can't be read.
func collectCalls(inputs ...string) (texts []string, bad []string, err error) {
	for call, err := range ReadCalls(inputs) {
		switch {
		case errors.Is(err, ErrBadCall):
			bad = append(bad, err.Error())
		case err != nil:
			return texts, bad, err
		default:
			texts = append(texts, string(call.Text))
		}
	}
	return texts, bad, nil
}

func TestReadCalls(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{
		"a.jsonl":   "{\"text\": \"one\"}\n\n{\"text\": 5}\n{\"narrative\": \"two\"}\n{\"text\": \" \"}\n",
		"b.csv":     "id,text\n1,three\n2,\n",
		"c.txt":     "four\n\n  \nfive\n",
		"d.json":    `[{"text": "six", "labels": {}}]`,
		"e.md":      "not a call",
		"f.jsonl":   "{\"text\": \"se\xffven\"}\n",
		"_skip.txt": "not a call",
	})
	texts, bad, err := collectCalls(dir)
	if want := []string{"one", "two", "three", "four", "five", "six", "se\uFFFDven"}; err != nil || !slices.Equal(texts, want) {
		t.Errorf("calls %q, %v; want %q", texts, err, want)
	}
	if len(bad) != 1 || !strings.Contains(bad[0], "a.jsonl: line 3") || !strings.Contains(bad[0], "text is not a string") {
		t.Errorf("bad calls %q", bad)
	}
	texts, _, err = collectCalls(filepath.Join(dir, "*.txt"))
	if err != nil || !slices.Equal(texts, []string{"not a call", "four", "five"}) {
		t.Errorf("of a pattern: %q, %v", texts, err)
	}
}

func TestReadCallsEndsAtAnError(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"a.csv": "id,words\n1,secret\n", "b.txt": "never read\n"})
	texts, _, err := collectCalls(dir)
	if err == nil || len(texts) > 0 || !strings.Contains(err.Error(), "no column is called text or narrative") || strings.Contains(err.Error(), "secret") {
		t.Errorf("calls %q, error %v", texts, err)
	}
	if _, _, err := collectCalls(filepath.Join(dir, "missing.txt")); err == nil || !strings.Contains(err.Error(), "missing.txt") {
		t.Errorf("error %v", err)
	}
}

func TestReadCallsStopsWhenAsked(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"a.txt": "one\ntwo\nthree\n"})
	n := 0
	for _, err := range ReadCalls([]string{dir}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d calls", n)
	}
}
