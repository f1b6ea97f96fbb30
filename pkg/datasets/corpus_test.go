package datasets

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpus writes a small file of each kind.
func corpus(t *testing.T) Paths {
	t.Helper()
	return Paths{
		NER: write(t, "ner.jsonl", `{"text": "Achieng from Kisumu", "entities": [{"start": 0, "end": 7, "label": "NAME"}]}`+"\n"+`{"text": "of"}`+"\n"),
		CLS: write(t, "cases.json", `[{"narrative": "she is old", "category": "Bullying", "intervention": "Referral", "priority": "1"}]`),
		QA:  write(t, "qa.json", `[{"text": "A B", "labels": "{\"opening\": [1]}"}]`),
	}
}

func TestLoadAndEncode(t *testing.T) {
	paths := corpus(t)
	records, err := Load(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	texts := slices.Collect(records.Texts())
	if want := []string{"Achieng from Kisumu", "of", "she is old", "A B"}; !slices.Equal(texts, want) {
		t.Errorf("texts: got %q, want %q", texts, want)
	}
	for stopAt := range len(texts) {
		var some []string
		for text := range records.Texts() {
			if some = append(some, text); len(some) == stopAt+1 {
				break
			}
		}
		if !slices.Equal(some, texts[:stopAt+1]) {
			t.Errorf("texts until %d: got %q", stopAt, some)
		}
	}
	sets, err := records.Encode(t.Context(), testTokenizer(t), Limits{MaxLength: 16, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		task, path string
		examples   int
	}{{"ner", paths.NER, 2}, {"cls", paths.CLS, 1}, {"qa", paths.QA, 1}} {
		if s := sets[i]; s.Task.Name != want.task || s.Path != want.path || len(s.Examples) != want.examples {
			t.Errorf("set %d: got %s of %s with %d examples, want %+v", i, s.Task.Name, s.Path, len(s.Examples), want)
		}
	}
}

func TestEmptyPathLeavesTheTaskOut(t *testing.T) {
	paths := corpus(t)
	paths.CLS = ""
	records, err := Load(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := records.Encode(t.Context(), testTokenizer(t), Limits{MaxLength: 16})
	if err != nil {
		t.Fatal(err)
	}
	if len(sets) != 2 || sets[0].Task.Name != "ner" || sets[1].Task.Name != "qa" {
		t.Errorf("got %d sets, want NER and QA", len(sets))
	}
}

func TestCorpusErrorsNameTheFile(t *testing.T) {
	paths := corpus(t)
	paths.QA = write(t, "bad.json", "[1]")
	if _, err := Load(t.Context(), paths); err == nil || !strings.Contains(err.Error(), paths.QA+": record 1") {
		t.Errorf("load: got %v, want the file and record", err)
	}
	records := Records{Paths: Paths{NER: "some.jsonl"}, NER: []NERRecord{{Text: "x", Entities: []Entity{{0, 1, "PERSON"}}}}}
	if _, err := records.Encode(t.Context(), testTokenizer(t), Limits{MaxLength: 16}); err == nil || !strings.Contains(err.Error(), "some.jsonl: NER record 1") {
		t.Errorf("encode: got %v, want the file and record", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, paths); !errors.Is(err, context.Canceled) {
		t.Errorf("load: got %v, want %v", err, context.Canceled)
	}
}

func TestMissing(t *testing.T) {
	paths := corpus(t)
	if got := paths.Missing(); got != nil {
		t.Errorf("got %v, want none", got)
	}
	paths.NER, paths.CLS = filepath.Join(t.TempDir(), "none"), ""
	if got := paths.Missing(); !slices.Equal(got, []string{paths.NER}) {
		t.Errorf("got %v, want %s", got, paths.NER)
	}
}

func TestSetSplit(t *testing.T) {
	set := Set{Path: "some.json"}
	for i := range 10 {
		set.Examples = append(set.Examples, Example{Record: i})
	}
	train, val, err := set.Split(0.25, 42)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, ex := range slices.Concat(val, train) {
		got = append(got, ex.Record)
	}
	// scikit-learn's permutation of 10 by seed 42.
	if want := []int{8, 1, 5, 0, 7, 2, 9, 4, 3, 6}; !slices.Equal(got, want) || len(val) != 3 {
		t.Errorf("got %v, the first %d held out; want %v, the first 3", got, len(val), want)
	}
	set.Examples = set.Examples[:1]
	if _, _, err := set.Split(0.25, 42); err == nil || !strings.Contains(err.Error(), "split some.json: test_size 0.25 of 1 records") {
		t.Errorf("got error %v, want one with the file", err)
	}
}

func TestDigest(t *testing.T) {
	// The beginning of the SHA-256 of "abc", from FIPS 180-2.
	if got, err := Digest(write(t, "f", "abc")); err != nil || got != "ba7816bf8f01cfea" {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := Digest(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file has a digest")
	}
	if _, err := Digest(t.TempDir()); err == nil {
		t.Error("a folder has a digest")
	}
}
