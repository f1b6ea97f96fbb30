package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// tinySize makes a model that trains in a second.
func tinySize() []string {
	return []string{
		"backbone.size.dim=16", "backbone.size.layers=1", "backbone.size.heads=2", "backbone.size.hidden_dim=16",
		"tokenizer.max_length=256",
	}
}

// tiny are two recipes of one model.
func tiny() []recipe {
	return []recipe{
		{group: compareGroup, name: "one", title: "one epoch", settings: append(tinySize(), "training.num_epochs=1")},
		{group: compareGroup, name: "two", title: "two epochs", settings: append(tinySize(), "training.num_epochs=2")},
	}
}

// tinyCompare compares on a few calls.
func tinyCompare(out string, all []recipe, seeds ...uint64) *compare {
	return &compare{
		Seeds: seeds, Encoder: fromScratch, Folds: 5, Sizes: []int{24, 60, 24}, Test: 12, Baseline: all[0].name, Threads: 1, Out: out, all: all,
	}
}

func runCompare(t *testing.T, c *compare) (table, told string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := c.Run(t.Context(), cli.Streams{Out: &stdout, Err: &stderr}); err != nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String()
}

const tinyData = "demo calls, 24 + 60 + 24, tested on 3 × 12"

// TestResume loses the first run's result, and goes on.
func TestResume(t *testing.T) {
	t.Chdir("../..") // for configs/
	out := t.TempDir()
	run := func(seeds ...uint64) (table, told string) { return runCompare(t, tinyCompare(out, tiny(), seeds...)) }
	file := filepath.Join(out, "results.jsonl")
	model := filepath.Join(out, "models", "demo-24-60-24-one-1", "model.safetensors")

	if _, told := run(1); told != "one: "+tinyData+", seed 1\ntwo: "+tinyData+", seed 1\n" {
		t.Fatalf("first time: %s", told)
	}
	results, weights := filetest.Read(t, file), modified(t, model)
	list, err := readResults(file)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	for i, r := range list {
		if r.Parameters == 0 || r.CallMillis <= 0 || r.Training.CPUMinutes <= 0 || r.Training.Minutes <= 0 || r.Finished.IsZero() || len(r.Figures) < 3 {
			t.Errorf("incomplete: %+v", r)
		}
		for _, c := range columns() {
			if points := r.Curves[c.figure]; len(points) != i+1 || points[i].Epochs != float64(i+1) {
				t.Errorf("%s: %s on the validation calls: %v", r.Recipe, c.title, points)
			}
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
	if _, told := run(1); told != "one: "+tinyData+", seed 1\n" {
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
	if told != "one: "+tinyData+", seed 2\ntwo: "+tinyData+", seed 2\n" {
		t.Errorf("another seed: %s", told)
	}
	for _, want := range []string{"| one epoch | 2 | ", "| two epochs | 2 | ", " ± ", "Difference from one in points"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if saved := filetest.Read(t, filepath.Join(out, "table.md")); saved != table {
		t.Errorf("table.md isn't what is printed:\n%s", saved)
	}
	var summaries []summary
	if err := json.Unmarshal([]byte(filetest.Read(t, filepath.Join(out, "summary.json"))), &summaries); err != nil || len(summaries) != 1 || len(summaries[0].Recipes) != 2 {
		t.Errorf("summary.json: %+v, %v", summaries, err)
	}
	for _, name := range []string{"means.svg", "means.png", "validation-ner.svg", "validation-cls.svg", "validation-qa.png"} {
		filetest.Read(t, filepath.Join(out, "plots", folderName(tinyData), name))
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

// stopsAt is a context that is cancelled as soon as a file contains a text.
type stopsAt struct {
	context.Context
	cancel     context.CancelFunc
	file, text string
}

func (s stopsAt) Err() error {
	if data, err := os.ReadFile(s.file); err == nil && strings.Contains(string(data), s.text) {
		s.cancel()
	}
	return s.Context.Err()
}

// TestStop stops in the second epoch, goes on, and gets the figures of a run without a stop.
func TestStop(t *testing.T) {
	t.Chdir("../..")
	all := []recipe{{group: compareGroup, name: "three", settings: append(tinySize(), "training.num_epochs=3")}}
	whole, out := t.TempDir(), t.TempDir()
	runCompare(t, tinyCompare(whole, all, 1))

	model := filepath.Join(out, "models", "demo-24-60-24-three-1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := tinyCompare(out, all, 1).Run(stopsAt{ctx, cancel, model + ".log", "Epoch 2/3"}, cli.Streams{Out: new(bytes.Buffer), Err: new(bytes.Buffer)})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "goes on with the same command") {
		t.Fatalf("stopped: %v", err)
	}
	stopped, err := readTrained(model)
	if err != nil || !stopped.Unfinished || stopped.Cost.CPUMinutes <= 0 {
		t.Fatalf("after the stop: %+v, %v", stopped, err)
	}
	runCompare(t, tinyCompare(out, all, 1))
	if log := filetest.Read(t, model+".log"); !strings.Contains(log, "Resuming after step") {
		t.Errorf("it began anew:\n%s", log)
	}
	done, err := readTrained(model)
	if err != nil || done.Unfinished || done.Cost.CPUMinutes <= stopped.Cost.CPUMinutes {
		t.Errorf("after going on: %+v, %v", done, err)
	}
	want, got := onlyResult(t, whole), onlyResult(t, out)
	for key, f := range want.Figures {
		if math.Abs(f.Value-got.Figures[key].Value) > 1e-6 {
			t.Errorf("%s: %v, without a stop %v", key, got.Figures[key].Value, f.Value)
		}
	}
	if len(got.Curves["cls avg_acc"]) != 3 {
		t.Errorf("validation figures of all epochs: %v", got.Curves)
	}
}

func onlyResult(t *testing.T, out string) result {
	t.Helper()
	list, err := readResults(filepath.Join(out, "results.jsonl"))
	if err != nil || len(list) != 1 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	return list[0]
}

// TestFair trains the real recipes of the group compare at a tiny size: all hold out the same
// calls for validation, and single-task models make together as many updates as one model.
func TestFair(t *testing.T) {
	t.Chdir("../..")
	out := t.TempDir()
	all := recipes(false)
	for i := range all {
		all[i] = all[i].with(tinySize()...)
	}
	c := tinyCompare(out, all, 1)
	c.Recipes, c.Epochs, c.Baseline = []string{"singles", "singles-attention", "plain", "distilled"}, 1, "plain"
	table, _ := runCompare(t, c)
	for _, want := range []string{"- distilled (1 run): entity F1 ", "Difference from plain"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}

	models := filepath.Join(out, "models", "demo-24-60-24-")
	updates := func(name string) int {
		var m struct{ History []struct{ Step int } }
		if err := json.Unmarshal([]byte(filetest.Read(t, filepath.Join(models+name, "metrics.json"))), &m); err != nil || len(m.History) != 1 {
			t.Fatalf("%s: %+v, %v", name, m, err)
		}
		return m.History[0].Step
	}
	for _, singles := range []string{"singles", "singles-attention"} {
		sum := 0
		for _, task := range taskNames() {
			name := singles + "-" + task + "-1"
			list := "held_out_" + task + ".csv"
			if filetest.Read(t, filepath.Join(models+name, list)) != filetest.Read(t, filepath.Join(models+"plain-1", list)) {
				t.Errorf("%s holds out other calls than plain", name)
			}
			sum += updates(name)
		}
		if sum != updates("plain-1") || sum != updates("distilled-1") {
			t.Errorf("%d updates of %s, %d of plain, %d of distilled", sum, singles, updates("plain-1"), updates("distilled-1"))
		}
	}
	list, err := readResults(filepath.Join(out, "results.jsonl"))
	if err != nil || len(list) != 4 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	if singles, distilled := list[0], list[3]; distilled.Teachers.CPUMinutes != singles.Training.CPUMinutes || distilled.Training.CPUMinutes <= 0 {
		t.Errorf("the singles took %v, the distilled model's teachers %v", singles.Training, distilled.Teachers)
	}
}

// TestSearch chooses learning rates with the first seed, a taught model's with that seed's
// teacher, and keeps them for the second, also if it is asked for later alone.
func TestSearch(t *testing.T) {
	t.Chdir("../..")
	out := t.TempDir()
	teacher := tiny()[0]
	taught := recipe{group: compareGroup, name: "taught", teachers: &teacher, settings: append(teaching(), teacher.settings...)}
	run := func(seeds ...uint64) {
		c := tinyCompare(out, []recipe{teacher, taught}, seeds...)
		c.Recipes, c.Search = []string{"taught"}, true
		runCompare(t, c)
	}
	run(1)
	kept := map[string]string{}
	for _, name := range []string{"one", "taught"} {
		kept[name] = filetest.Read(t, filepath.Join(out, "searches", "demo-24-60-24-"+name+".json"))
		var f found
		if err := json.Unmarshal([]byte(kept[name]), &f); err != nil {
			t.Fatal(err)
		}
		if f.Seed != 1 || len(f.Tries) != 3 || f.Tries[0].Rate != 7.5e-4 || f.Tries[1].Rate != 1.5e-3 || f.Tries[2].Rate != 3e-3 {
			t.Errorf("%s: tried %+v", name, f)
		}
		best := slices.MaxFunc(f.Tries, func(a, b attempt) int { return cmp.Compare(a.Score, b.Score) })
		if best.Score == 0 || f.Rate != best.Rate {
			t.Errorf("%s: chose %v of %+v", name, f.Rate, f.Tries)
		}
	}
	run(2)
	run(1, 3)
	for name, was := range kept {
		if is := filetest.Read(t, filepath.Join(out, "searches", "demo-24-60-24-"+name+".json")); is != was {
			t.Errorf("%s: searched again: %s, before %s", name, is, was)
		}
	}
	list, err := readResults(filepath.Join(out, "results.jsonl"))
	if err != nil || len(list) != 3 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	for _, r := range list {
		if r.Rates["all"] != list[0].Rates["all"] || r.Searching.CPUMinutes != list[0].Searching.CPUMinutes || r.Teachers.CPUMinutes <= 0 {
			t.Errorf("seed %d: rate %v, search of %v, teachers of %v", r.Seed, r.Rates, r.Searching, r.Teachers)
		}
	}
	models, err := filepath.Glob(filepath.Join(out, "models", "*", "model.safetensors"))
	if err != nil || len(models) != 2*(3+1+1) { // three rates with seed 1, one with each other seed
		t.Errorf("trained %v, %v", models, err)
	}

	// Without the models the rates are kept.
	if err := os.RemoveAll(filepath.Join(out, "models")); err != nil {
		t.Fatal(err)
	}
	run(1, 4)
	models, err = filepath.Glob(filepath.Join(out, "models", "*", "model.safetensors"))
	if err != nil || len(models) != 2 {
		t.Errorf("after the loss of the models: trained %v, %v", models, err)
	}
}

func TestFlags(t *testing.T) {
	t.Chdir("../..")
	for want, change := range map[string]func(*compare){
		"--folds must be":           func(c *compare) { c.Folds = 1 },
		"--sizes must be three":     func(c *compare) { c.Sizes = []int{1, 2} },
		`--baseline: there is no`:   func(c *compare) { c.Baseline = "nothing" },
		"recipe minilm starts from": func(c *compare) { c.Recipes = []string{"minilm"} },
		`--recipes has no "x"`:      func(c *compare) { c.Recipes = []string{"x"} },
		"training.num_epoch":        func(c *compare) { c.Set = []string{"training.num_epoch=3"} },
	} {
		c := tinyCompare(t.TempDir(), recipes(false), 1)
		change(c)
		err := c.Run(t.Context(), cli.Streams{Out: new(bytes.Buffer), Err: new(bytes.Buffer)})
		if !errors.Is(err, cli.ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestStage pretrains an encoder once, for two seeds that start from it.
func TestStage(t *testing.T) {
	t.Chdir("../..")
	out := t.TempDir()
	pretrained := stage{name: "own", settings: []string{
		"backbone.init=random", "backbone.size.dim=16", "backbone.size.layers=1", "backbone.size.heads=2", "backbone.size.hidden_dim=16", "training.num_epochs=1",
	}}
	c := tinyCompare(out, []recipe{{group: compareGroup, name: "staged", stages: []stage{pretrained}, settings: []string{
		"backbone.init=pretrained", "backbone.model_name=$own", "training.num_epochs=1", "tokenizer.max_length=256",
	}}}, 1, 2)
	c.unlabelled = 60
	table, _ := runCompare(t, c)
	list, err := readResults(filepath.Join(out, "results.jsonl"))
	if err != nil || len(list) != 2 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	if list[0].Pretrain.CPUMinutes <= 0 || list[0].Pretrain.CPUMinutes != list[1].Pretrain.CPUMinutes {
		t.Errorf("pretraining took %v for the first seed, %v for the second", list[0].Pretrain, list[1].Pretrain)
	}
	if !strings.Contains(table, "of pretraining") {
		t.Errorf("the table lacks the minutes of pretraining:\n%s", table)
	}
}
