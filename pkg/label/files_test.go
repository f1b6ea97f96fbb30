package label

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
)

func TestFindFiles(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"b.jsonl": "b", "a.TXT": "a", "c[1].csv": "c", "d.JSONL.gz": "d", "e.tsv.zst": "e", "f.gz": "f", "g.xml.gz": "g", "data": "d", ".hidden.txt": "", "_SUCCESS.json": ""})
	for _, sub := range []string{"sub", "none", "sub.txt"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../data", filepath.Join(dir, "sub", "link.txt")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ names, want, err string }{
		{"", "a.TXT b.jsonl c[1].csv d.JSONL.gz e.tsv.zst", ""},
		{"b.jsonl a.TXT", "b.jsonl a.TXT", ""},
		{"data", "data", ""},
		{"c[1].csv", "c[1].csv", ""},
		{"?.*", "a.TXT b.jsonl d.JSONL.gz e.tsv.zst f.gz g.xml.gz", ""},
		{"sub b.jsonl", "sub/link.txt b.jsonl", ""},
		{"*.xml", "", "read input: no file is called like DIR/*.xml: file does not exist"},
		{"[", "", "read input: syntax error in pattern"},
		{"no.txt", "", "read input: stat DIR/no.txt: no such file or directory"},
		{"none", "", "read input: there is no file of calls (.csv, .json, .jsonl, .ndjson, .tab, .tsv, .txt) in the folder DIR/none: file does not exist"},
		{"sub?txt", "", "read input: DIR/sub.txt is a directory"},
	} {
		var names []string
		for _, name := range strings.Split(test.names, " ") {
			names = append(names, filepath.Join(dir, name))
		}
		files, err := findFiles(names)
		var got []string
		for _, f := range files {
			got = append(got, strings.TrimPrefix(f.path, dir+"/"))
		}
		message := ""
		if err != nil {
			message = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		if strings.Join(got, " ") != test.want || message != test.err {
			t.Errorf("%q: %q, %q; want %q, %q", test.names, got, message, test.want, test.err)
		}
	}
}
