package tokenize_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

var addedFile = flag.String("added", "testdata/added.jsonl", "file that scripts/golden/tokenize_added.py wrote")

// addedGolden is a folder with added tokens, and what AutoTokenizer makes of texts.
type addedGolden struct {
	Files   map[string]json.RawMessage // vocab.txt as a string
	Refused bool                       // the files give a token another id than AutoTokenizer does
	Cases   []json.RawMessage          // golden
}

// TestGoldenAdded reads folders as AutoTokenizer does, saves them, and reads them again.
func TestGoldenAdded(t *testing.T) {
	folders, texts, equal := 0, 0, 0
	for want := range readJSONL[addedGolden](t, *addedFile) {
		folders++
		t.Run(strconv.Itoa(folders), func(t *testing.T) {
			content := files{}
			for name, raw := range want.Files {
				content[name] = string(raw)
				if name == tokenize.VocabFile {
					content[name] = decode[string](t, raw)
				}
			}
			tok, err := tokenize.Load(content.write(t))
			if want.Refused {
				if err == nil {
					t.Errorf("%s\nids that contradict AutoTokenizer's were taken", want.Files)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s\n%v", want.Files, err)
			}
			dir := t.TempDir()
			if *saveDir != "" {
				dir = filepath.Join(*saveDir, strconv.Itoa(folders))
			}
			saveGolden(t, tok, dir)
			again, err := tokenize.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if !again.Equal(tok) {
				t.Errorf("%s\nsaved, it is another tokenizer", want.Files)
			}
			for _, raw := range want.Cases {
				c := decode[golden](t, raw)
				texts++
				if got := tok.Encode(c.Text); !c.equal(got) {
					t.Errorf("%s\n%+q\n got %v\nwant %v", want.Files, c.Text, got, c)
					continue
				}
				if got := again.Encode(c.Text); !c.equal(got) {
					t.Errorf("%s\n%+q\nsaved, it became %v\nwant %v", want.Files, c.Text, got, c)
					continue
				}
				equal++
			}
			if *saveDir != "" {
				writeJSON(t, filepath.Join(dir, "cases.json"), want.Cases)
				writeJSON(t, filepath.Join(dir, "config.json"), map[string]string{"model_type": "distilbert"})
			}
		})
	}
	if texts == 0 {
		t.Error("no texts")
	}
	t.Logf("%d/%d equal", equal, texts)
}

func decode[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
