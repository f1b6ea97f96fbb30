package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/tinymodel"
)

func TestMLflow(t *testing.T) {
	w := tinymodel.NewWorld(t)
	w.Standard()
	t.Setenv("MLFLOW_TRACKING_URI", "")
	if err := os.MkdirAll("out", 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, "out/calls.txt", "others' business")
	args := append([]string{"--model", "fusion", "--compare", "ner+qa", "--timed-calls", "1", "--mlflow", "--tracking-uri", "file:./store", "--output", "out", "--no-plots"}, allData...)
	got := eval(args...)
	if got.code != 0 || !strings.Contains(got.err, "\nMLflow run: ") || strings.Count(got.err, "\n") != 2 {
		t.Fatalf("%+v", got)
	}
	run := filepath.Dir(one(t, "store/*/*/metrics"))
	for _, name := range []string{
		"metrics/eval_ner/entity_f1", "metrics/eval_ner/entity_f1_low", "metrics/eval_cls/acc_sub", "metrics/eval_qa/best_threshold_opening",
		"metrics/eval/parameters", "metrics/eval/millis_per_call", "metrics/ner_qa_ner/entity_f1", "metrics/ner_qa_qa/avg_f1_high", "metrics/ner_qa/parameters",
		"params/data", "params/held_out", "tags/model", "tags/model_hash", "tags/mlflow.note.content", "artifacts/evaluation/report.md", "artifacts/evaluation/metrics.json",
		"artifacts/evaluation/fusion/predictions_ner.csv",
	} {
		if info, err := os.Stat(filepath.Join(run, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(run, "artifacts/evaluation/calls.txt")); err == nil {
		t.Error("another file of --output went to MLflow")
	}
	if name := read(t, filepath.Join(run, "tags/mlflow.runName")); name != "eval fusion" {
		t.Errorf("the run is called %q", name)
	}
	withoutTexts(t, w.Texts, "store")

	// Without --output the files go to MLflow all the same, and nowhere else.
	bare := eval("--model", "ner", "--data", nerFile, "--mlflow", "--tracking-uri", "file:./other", "--experiment", "mine", "--run-name", "named")
	if bare.code != 0 {
		t.Fatal(bare.err)
	}
	run = filepath.Dir(one(t, "other/*/*/metrics"))
	if list := files(t, filepath.Join(run, "artifacts")); len(list) != 3+3*2 || !slices.Contains(list, "evaluation/plots/ner-confusion.png") {
		t.Errorf("artifacts %v", list)
	}
	if name := read(t, filepath.Join(run, "tags/mlflow.runName")); name != "named" {
		t.Errorf("the run is called %q", name)
	}
}

// one is the one path of a pattern.
func one(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) != 1 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	return paths[0]
}
