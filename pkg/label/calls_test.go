package label

import (
	"errors"
	"os"
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

func TestCheckInputs(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"a.txt": "one\n"})
	if err := CheckInputs([]string{dir, filepath.Join(dir, "*.txt")}); err != nil {
		t.Error(err)
	}
	err := CheckInputs([]string{filepath.Join(dir, "missing.txt"), dir, filepath.Join(dir, "none*.csv")})
	if !errors.Is(err, ErrBadInput) || !strings.Contains(err.Error(), "missing.txt") || !strings.Contains(err.Error(), "none*.csv") {
		t.Errorf("error %v", err)
	}
}

// Each input that can't be found, and each file that can't be read, is an error of its own.
func TestReadCallsGoesOnAfterABadFile(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{
		"a.csv": "id,words\n1,secret\n", "b.txt": "one\n", "c.json": "[{\"text\": \"two\"}, {\"text\"", "d.csv": "text\nthree\n",
	})
	var texts, bad []string
	for call, err := range ReadCalls([]string{filepath.Join(dir, "missing.txt"), dir, filepath.Join(dir, "none*.csv")}) {
		switch {
		case err == nil:
			texts = append(texts, string(call.Text))
		case !errors.Is(err, ErrBadInput) || errors.Is(err, ErrBadCall) || strings.Contains(err.Error(), "secret"):
			t.Errorf("error %v", err)
		default:
			bad = append(bad, err.Error())
		}
	}
	if !slices.Equal(texts, []string{"one", "two", "three"}) {
		t.Errorf("calls %q", texts)
	}
	want := []string{"missing.txt: no such file", "no file is called like", "a.csv: line 1: no column is called text or narrative", "c.json: "}
	if len(bad) != len(want) {
		t.Fatalf("errors %q, want %q", bad, want)
	}
	for i := range want {
		if !strings.Contains(bad[i], want[i]) {
			t.Errorf("error %q, want %q", bad[i], want[i])
		}
	}
}

// A file that is named in several ways is read once.
func TestReadCallsReadsAFileOnce(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"a.txt": "one\n", "b.txt": "two\n"})
	a, b := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt")
	link := filepath.Join(t.TempDir(), "link.txt")
	if err := os.Symlink(b, link); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		inputs   []string
		texts    []string
		repeated []string
	}{
		"a folder twice":       {[]string{dir, dir}, []string{"one", "two"}, []string{a, b}},
		"a file and a folder":  {[]string{b, dir}, []string{"two", "one"}, []string{b}},
		"a pattern and a file": {[]string{filepath.Join(dir, "*.txt"), a}, []string{"one", "two"}, []string{a}},
		"another path":         {[]string{a, dir + "/../" + filepath.Base(dir) + "/a.txt"}, []string{"one"}, []string{dir + "/../" + filepath.Base(dir) + "/a.txt"}},
		"a link":               {[]string{b, link}, []string{"two"}, []string{link}},
		"different files":      {[]string{b, a}, []string{"two", "one"}, nil},
	} {
		texts, bad, err := collectCalls(test.inputs...)
		if err != nil || len(bad) > 0 || !slices.Equal(texts, test.texts) {
			t.Errorf("%s: calls %q, %q, %v; want %q", name, texts, bad, err, test.texts)
		}
		if repeated := RepeatedFiles(test.inputs); !slices.Equal(repeated, test.repeated) {
			t.Errorf("%s: repeated %q, want %q", name, repeated, test.repeated)
		}
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
