package annotations

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

// Where nothing can be written is said before anything is read, by the output's name.
func TestOutputPlace(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"file": ""})
	for name, test := range map[string]struct {
		path, want string
		options    bool // it is an error of options
	}{
		"gzip":      {"ner.jsonl.gz", "the output isn't compressed: give --output " + filepath.Join(dir, "ner.jsonl") + ", and", true},
		"zstd":      {"ner.jsonl.ZST", "the output isn't compressed", true},
		"no folder": {"a/b/ner.jsonl", "write " + filepath.Join(dir, "a/b/ner.jsonl") + ": there is no folder " + filepath.Join(dir, "a/b"), false},
		"in a file": {"file/ner.jsonl", "write " + filepath.Join(dir, "file/ner.jsonl") + ": there is no folder", false},
	} {
		_, err := Convert(t.Context(), stream(t, "not read"), mustFind(t, "ner"), Output{Path: filepath.Join(dir, test.path)}, mustFind(t, "ner"), Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrOptions) != test.options {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// A folder of brat's is replaced: calls of before go, files that aren't brat's stay.
func TestBratReplaces(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"old.txt": "x", "old.ann": "", "1.ann": "T1\tNAME 0 1\ta\n", "1.txt": "a", "annotation.conf": "y", "notes.md": "z"})
	if err := Write(Output{Path: dir}, mustFind(t, "brat"), []Document{{ID: "1", Text: "b", State: Unlabelled}, {ID: "2", Text: "c", Spans: []Span{}}}, Options{KeepUnlabelled: true}); err != nil {
		t.Fatal(err)
	}
	filetest.Holds(t, dir, "1.txt", "2.ann", "2.txt", "annotation.conf", "notes.md")
}

// Calls without ids get numbers as names, and have these when they are written again. No
// name is given twice.
func TestBratNames(t *testing.T) {
	brat := mustFind(t, "brat")
	in := writeAll(t, brat, []Document{{Text: "a", Spans: []Span{}}, {Text: "b", Spans: []Span{}}}, Options{})
	dir := filepath.Join(t.TempDir(), "again")
	if _, err := Convert(t.Context(), in, brat, Output{Path: dir}, brat, Options{}); err != nil {
		t.Fatal(err)
	}
	filetest.Holds(t, dir, "call-0000001.ann", "call-0000001.txt", "call-0000002.ann", "call-0000002.txt")

	dir = filepath.Join(t.TempDir(), "mixed")
	if err := Write(Output{Path: dir}, brat, []Document{{Text: "a", Spans: []Span{}}, {ID: "call-0000001", Text: "b", Spans: []Span{}}, {Text: "c", Spans: []Span{}}}, Options{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"call-0000001": "b", "call-0000002": "a", "call-0000004": "c"} {
		if got, err := os.ReadFile(filepath.Join(dir, name+".txt")); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	err := Write(Output{Path: dir}, brat, []Document{{ID: "1", Text: "a", State: Unlabelled}, {ID: "1", Text: "b", State: Unlabelled}}, Options{KeepUnlabelled: true})
	if err == nil || !strings.Contains(err.Error(), "two calls have the same id") {
		t.Errorf("the same id twice: error %v", err)
	}
}
