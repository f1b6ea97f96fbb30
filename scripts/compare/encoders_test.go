package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// tiny are two recipes of a model that trains in a second.
func tiny() []recipe {
	size := []string{
		"backbone.size.dim=16", "backbone.size.layers=1", "backbone.size.heads=2", "backbone.size.hidden_dim=16",
		"training.num_epochs=1", "tokenizer.max_length=256",
	}
	return []recipe{
		{name: "one", title: "one epoch", settings: size},
		{name: "two", title: "two epochs", settings: append(slices.Clone(size), "training.num_epochs=2")},
	}
}

// TestResume stops after the first run, in two ways, and goes on.
func TestResume(t *testing.T) {
	t.Chdir("../..") // for configs/
	out := t.TempDir()
	run := func(seeds ...uint64) (table, told string) {
		t.Helper()
		e := encoders{Seeds: seeds, Folds: 5, Threads: 1, Out: out, all: tiny(), sizes: sizes{train: [3]int{24, 60, 24}, test: 12}}
		var stdout, stderr bytes.Buffer
		if err := e.Run(t.Context(), cli.Streams{Out: &stdout, Err: &stderr}); err != nil {
			t.Fatal(err)
		}
		return stdout.String(), stderr.String()
	}
	file := filepath.Join(out, "results.jsonl")
	model := filepath.Join(out, "models", "demo-calls-one-1", "model.safetensors")

	if _, told := run(1); told != "one: demo calls, seed 1\ntwo: demo calls, seed 1\n" {
		t.Fatalf("first time: %s", told)
	}
	results, weights := filetest.Read(t, file), modified(t, model)
	list, err := readResults(file)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	for _, r := range list {
		if r.Parameters == 0 || r.CallMillis <= 0 || r.Training.CPUMinutes <= 0 || r.Training.Minutes <= 0 || r.Finished.IsZero() || len(r.Figures) < 3 {
			t.Errorf("incomplete: %+v", r)
		}
	}
	if _, told := run(1); told != "" || filetest.Read(t, file) != results {
		t.Errorf("all was done, but it says: %s", told)
	}

	// Killed between training and scoring: the model is scored, not trained again.
	lines := strings.SplitAfter(results, "\n")
	if err := os.WriteFile(file, []byte(lines[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, told := run(1); told != "one: demo calls, seed 1\n" {
		t.Errorf("after the loss of a result: %s", told)
	}
	if modified(t, model) != weights {
		t.Error("a finished model was trained again")
	}
	again, err := readResults(file)
	if err != nil || len(again) != 2 || !maps.EqualFunc(again[1].Figures, list[0].Figures, func(a, b figureValue) bool { return a.Value == b.Value }) {
		t.Errorf("scored again: %+v, %v; first %+v", again, err, list[0])
	}

	table, told := run(1, 2)
	if told != "one: demo calls, seed 2\ntwo: demo calls, seed 2\n" {
		t.Errorf("another seed: %s", told)
	}
	for _, want := range []string{"| one epoch | 2 | ", "| two epochs | 2 | ", " ± "} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if saved := filetest.Read(t, filepath.Join(out, "table.md")); saved != table {
		t.Errorf("table.md isn't what is printed:\n%s", saved)
	}
	for call := range synth.NER(synth.Options{NER: 12, Seed: testCalls, Short: true}) {
		if strings.Contains(filetest.Read(t, file), string(call.Text)) {
			t.Error("a call's text is in the results")
		}
	}
}

func modified(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().UnixNano()
}

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

func TestRecipes(t *testing.T) {
	all := recipes()
	for _, name := range []string{"nothing", ""} {
		if _, err := choose(all, []string{name}); err == nil || !strings.Contains(err.Error(), "quickstart, minilm, continued, student") {
			t.Errorf("%q: %v", name, err)
		}
	}
	chosen, err := choose(all, []string{"minilm", "quickstart"})
	if err != nil || len(chosen) != 2 || chosen[0].name != "quickstart" {
		t.Errorf("chosen: %+v, %v", chosen, err)
	}
	// Each $NAME is the encoder, the calls, or an earlier stage.
	for _, r := range all {
		known := map[string]string{"encoder": "ENCODER", "calls": "CALLS"}
		for _, s := range append(r.stages, stage{settings: r.settings}) {
			for _, setting := range fill(s.settings, known) {
				if strings.HasSuffix(setting, "=") {
					t.Errorf("%s, %s: %s has no value", r.name, s.name, setting)
				}
			}
			known[s.name] = "STAGE"
		}
		if r.usesEncoder() != (r.name != "quickstart") {
			t.Errorf("%s uses the encoder: %v", r.name, r.usesEncoder())
		}
	}
}
