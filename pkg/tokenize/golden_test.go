package tokenize_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

var (
	goldenDir = flag.String("golden", "testdata", "directory that scripts/golden/tokenize_bert.py wrote")
	saveDir   = flag.String("save", "", "save the golden tokenizers here, for the script to verify")
)

// models are the tokenizers of the golden files.
var models = map[string]tokenize.Options{
	"cased":            {},
	"uncased":          {LowerCase: true},
	"cased_stripped":   {StripAccents: pointer(true)},
	"uncased_accented": {LowerCase: true, StripAccents: pointer(false)},
	"chinese_words":    {KeepChinese: true},
}

func pointer[T any](v T) *T { return &v }

// golden is what Hugging Face makes of one text.
type golden struct {
	Text    string
	IDs     []int32
	Words   []int
	Offsets []int // start and end by turns
}

func TestGolden(t *testing.T) {
	vocab := readVocab(t, *goldenDir)
	for name, options := range models {
		t.Run(name, func(t *testing.T) {
			tok, err := tokenize.New(vocab, options)
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, tok, filepath.Join(*goldenDir, name+".jsonl"))
			if *saveDir != "" {
				saveGolden(t, tok, filepath.Join(*saveDir, name))
			}
		})
	}
}

// TestGoldenSaved loads what transformers saved.
func TestGoldenSaved(t *testing.T) {
	tok, err := tokenize.Load("testdata/saved")
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, tok, "testdata/saved.jsonl")
	if got, want := tok.VocabSize(), 16; got != want {
		t.Errorf("vocabulary of %d tokens, want %d", got, want)
	}
	if got := tok.ModelMaxLength(); got != tokenize.DefaultMaxLength {
		t.Errorf("no limit became %d", got)
	}
}

func checkGolden(t *testing.T, tok *tokenize.Tokenizer, path string) {
	t.Helper()
	wrong, n := 0, 0
	for want := range readJSONL[golden](t, path) {
		n++
		if got := tok.Encode(want.Text); !want.equal(got) {
			if wrong++; wrong <= 10 {
				t.Errorf("%+q\n got %v\nwant %v", want.Text, got, want)
			}
		}
	}
	if n == 0 {
		t.Error("no texts")
	}
	t.Logf("%d/%d equal", n-wrong, n)
}

func TestGoldenWindows(t *testing.T) {
	tok, err := tokenize.New(readVocab(t, "testdata"), models["cased"])
	if err != nil {
		t.Fatal(err)
	}
	for want := range readJSONL[struct {
		Text           string
		Limit, Overlap int
		Windows        [][]int32
		Starts         []int
	}](t, "testdata/windows.jsonl") {
		enc := tok.Encode(want.Text)
		windows := enc.Windows(want.Limit, want.Overlap)
		if len(windows) != len(want.Windows) {
			t.Errorf("%q in %d, %d: %d windows, want %d", want.Text, want.Limit, want.Overlap, len(windows), len(want.Windows))
			continue
		}
		for i, w := range windows {
			if !slices.Equal(w.IDs, want.Windows[i]) || w.Offsets[1].Start != want.Starts[i] || enc.Offsets[w.First] != w.Offsets[1] {
				t.Errorf("%q in %d, %d: window %d is %v", want.Text, want.Limit, want.Overlap, i, w)
			}
		}
		if got := enc.Truncate(want.Limit); !slices.Equal(got.IDs, want.Windows[0]) {
			t.Errorf("%q cut to %d: %v", want.Text, want.Limit, got)
		}
	}
}

func TestGoldenTrain(t *testing.T) {
	data, err := os.ReadFile("testdata/train.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Texts []string
		Made  map[string]struct {
			Lower bool
			Size  int
			Vocab []string
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for name, want := range file.Made {
		got, err := tokenize.Train(t.Context(), slices.Values(file.Texts), want.Size, tokenize.Options{LowerCase: want.Lower})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want.Vocab) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want.Vocab)
		}
	}
	if len(file.Made) == 0 {
		t.Error("no vocabularies")
	}
}

func (want golden) equal(e tokenize.Encoding) bool {
	var offsets []int
	for _, s := range e.Offsets {
		offsets = append(offsets, s.Start, s.End)
	}
	return slices.Equal(e.IDs, want.IDs) && slices.Equal(e.Words, want.Words) && slices.Equal(offsets, want.Offsets)
}

func saveGolden(t *testing.T, tok *tokenize.Tokenizer, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
}

func readVocab(t testing.TB, dir string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var vocab []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		vocab = append(vocab, lines.Text())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return vocab
}

// readJSONL yields a file's values, one a line.
func readJSONL[T any](t *testing.T, path string) iter.Seq[T] {
	t.Helper()
	return func(yield func(T) bool) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for lines := json.NewDecoder(f); lines.More(); {
			var v T
			if err := lines.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if !yield(v) {
				return
			}
		}
	}
}
