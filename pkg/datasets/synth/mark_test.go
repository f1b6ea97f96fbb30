package synth

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

func TestMadeUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := WriteAll(t.Context(), dir, Options{NER: 2, Cases: 2, QA: 2, Seed: 1, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	is := func(path string, want bool) {
		t.Helper()
		digest, err := datasets.Digest(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := MadeUp(path, digest); err != nil || got != want {
			t.Errorf("%s is made up: %v, %v; want %v", filepath.Base(path), got, err, want)
		}
	}
	for _, path := range Files(dir) {
		is(path, true)
	}
	own := filepath.Join(dir, "own.jsonl")
	for path, want := range map[string]bool{own: false, Files(dir)[0]: false, Files(dir)[1]: true} {
		if !want {
			if err := os.WriteFile(path, []byte("{}\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		is(path, want)
	}
	if err := os.WriteFile(filepath.Join(dir, markName), []byte("[]"), 0o644); err != nil {
		t.Fatal(err)
	}
	is(Files(dir)[1], false)
}
