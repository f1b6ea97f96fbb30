package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

func TestFolds(t *testing.T) {
	source := t.TempDir()
	if _, err := synth.WriteAll(t.Context(), filepath.Join(source, "data"), synth.Options{NER: 11, Cases: 10, QA: 12, Seed: 1, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	names := []string{"ner.jsonl", "cases.json", "qa.json"}
	for i, path := range synth.Files(filepath.Join(source, "data")) {
		if err := os.Rename(path, filepath.Join(source, names[i])); err != nil {
			t.Fatal(err)
		}
	}
	list, err := crossValidation(source, t.TempDir(), 5)
	if err != nil || len(list) != 5 {
		t.Fatalf("%d folds, %v", len(list), err)
	}
	for i, name := range names {
		all := compacted(t, filepath.Join(source, name))
		tested := map[string]int{}
		for f, s := range list {
			if s.fold != f+1 {
				t.Errorf("fold %d is numbered %d", f+1, s.fold)
			}
			train, test := compacted(t, s.train[i]), compacted(t, s.test[i])
			if len(train)+len(test) != len(all) || len(test) < len(all)/5 || len(test) > len(all)/5+1 {
				t.Errorf("%s, fold %d: %d to train on and %d to test on, of %d", name, f+1, len(train), len(test), len(all))
			}
			for record := range test {
				tested[record]++
				if train[record] || !all[record] {
					t.Errorf("%s, fold %d: a record to test on is also to train on, or isn't in the file", name, f+1)
				}
			}
		}
		for record := range all {
			if tested[record] != 1 {
				t.Errorf("%s: a record is tested on %d times", name, tested[record])
			}
		}
	}
	if _, err := crossValidation(source, t.TempDir(), 11); err == nil || !strings.Contains(err.Error(), "has only 10 records") {
		t.Errorf("more folds than records: %v", err)
	}
}

// compacted reads a file's records, which are all different.
func compacted(t *testing.T, path string) map[string]bool {
	t.Helper()
	list, err := readRecords(path)
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, r := range list {
		var b bytes.Buffer
		if err := json.Compact(&b, r); err != nil {
			t.Fatal(err)
		}
		set[b.String()] = true
	}
	if len(set) != len(list) {
		t.Fatalf("%s: %d of %d records are different", path, len(set), len(list))
	}
	return set
}
