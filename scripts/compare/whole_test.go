package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// tinyLong are recipes on long calls: truncated, the same model read in windows, and pooled.
func tinyLong() []recipe {
	short := stage{name: "short", labelled: true, settings: append(tinySize(), "training.num_epochs=1")}
	common := []string{"backbone.init=pretrained", "backbone.model_name=$short", "backbone.heads=keep", "tokenizer.max_length=128", "training.num_epochs=1"}
	settings := append(slices.Clone(common), "tokenizer.long=truncate")
	return []recipe{
		{group: longGroup, name: "cut", title: "cut", stages: []stage{short}, settings: settings, entityTokens: 128},
		{group: longGroup, name: "windows", title: "windows", stages: []stage{short}, settings: settings, entityTokens: 128, scores: "cut", overlap: new(16)},
		{group: longGroup, name: "pooled", title: "pooled", stages: []stage{short}, settings: append(common, "tokenizer.long=windows", "tokenizer.stride=16")},
	}
}

// TestLong scores whole calls: what a truncated reading doesn't see is missed.
func TestLong(t *testing.T) {
	t.Chdir("../..")
	out := t.TempDir()
	c := tinyCompare(out, tinyLong(), 1)
	c.Recipes, c.Sizes, c.Test, c.Baseline, c.short = []string{"long"}, []int{12, 12, 12}, 6, "", []int{24, 60, 24}
	table, told := runCompare(t, c)
	if want := "cut: long demo calls, 12 + 12 + 12, tested on 3 × 6, seed 1\n"; !strings.HasPrefix(told, want) {
		t.Errorf("told %q, want %q first", told, want)
	}
	for _, want := range []string{"| closing: Proper call closing phrase used | ", "| entity F1 after token 512 | 0.000 (", "Difference from cut in points", "| short calls: CLS accuracy | "} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	list, err := readResults(filepath.Join(out, "results.jsonl"))
	if err != nil || len(list) != 3 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	for _, r := range list {
		for _, d := range detailed() {
			if _, ok := r.Figures[d.key]; !ok {
				t.Errorf("%s has no %s", r.Recipe, d.key)
			}
		}
	}
	models, err := filepath.Glob(filepath.Join(out, "models", "*", "model.safetensors"))
	if err != nil || len(models) != 3 { // short, one for the first two recipes, pooled
		t.Errorf("trained %v, %v", models, err)
	}
}

func TestFirstWords(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ner.jsonl")
	const line = `{"text":"Caller:  Wambũi is\n here now","entities":[{"start":9,"end":15,"label":"NAME"},{"start":20,"end":24,"label":"AGE"}]}`
	if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := forEntities(calls{path, "b", "c"}, 6) // 3 words
	if err != nil {
		t.Fatal(err)
	}
	records, err := datasets.Load(t.Context(), datasets.Source{Path: files[0], Tasks: []tasks.Task{tasks.NER(tasks.NERLabels())}})
	if err != nil || string(records.Texts[0]) != "Caller:  Wambũi is" {
		t.Errorf("%d records, %v", len(records.Texts), err)
	}
	if content := filetest.Read(t, files[0]); strings.Contains(content, "AGE") || !strings.Contains(content, "NAME") {
		t.Errorf("kept %s", content)
	}
	if same, err := forEntities(calls{path, "b", "c"}, 0); err != nil || same[0] != path {
		t.Errorf("without a limit: %v, %v", same, err)
	}
}

// TestDecided has words that weren't read, labels that the model doesn't know, and ignored ones.
func TestDecided(t *testing.T) {
	labels := []string{"O", "NAME"}
	if got, err := decidedWords(labels, []fusion.Token{{Label: "NAME"}}, 2); err != nil || !slices.Equal(got, []float32{0, 1, 1, 0}) {
		t.Errorf("a word that wasn't read: %v, %v", got, err)
	}
	if _, err := decidedWords(labels, make([]fusion.Token, 3), 2); err == nil {
		t.Error("more words than there are: no error")
	}
	if got := knownClasses([]int64{tasks.IgnoreToken, 1, tasks.UnknownClass, tasks.IgnoreToken, 0}, 2); !slices.Equal(got, []int{1, 2, 0}) {
		t.Errorf("classes: %v", got)
	}
	if got := wordsWithin([]int64{tasks.IgnoreToken, 1, tasks.IgnoreToken, 0, 0, tasks.IgnoreToken}, 5); got != 2 {
		t.Errorf("%d words within 5 tokens, want 2", got)
	}
}
