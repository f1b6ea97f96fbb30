package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/fusion"
)

// output.onnx adds the graph of the best weights, which the tracker gets too. A graph isn't
// left beside a later model that it isn't of.
func TestGraph(t *testing.T) {
	config := inRepo(t, "multitask.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 40, 40, 40)
	train := func(more ...string) {
		t.Helper()
		mustRun(t, settings(config, append([]string{"training.num_epochs=1", "output.model_dir=model"}, more...)...)...)
	}
	train("output.onnx=true", "mlflow.enabled=true", "mlflow.tracking_uri=file:./mlruns")
	hash, err := fusion.HashDir("model")
	if err != nil {
		t.Fatal(err)
	}
	graph, err := os.ReadFile("model/onnx/model.onnx")
	if err != nil || !strings.Contains(string(graph), hash) {
		t.Errorf("no graph of this model (%v)", err)
	}
	logged, err := filepath.Glob("mlruns/*/*/artifacts/checkpoint/onnx/model.onnx")
	if err != nil || len(logged) != 1 {
		t.Errorf("graphs in MLflow: %q", logged)
	}

	train("training.seed=7")
	mustBeGone(t, "model/onnx", "model/mlflow")
	if _, err := os.Stat("model.previous/mlflow/MLmodel"); err != nil {
		t.Error(err)
	}
	moved, err := os.ReadFile("model.previous/onnx/model.onnx")
	if err != nil || string(moved) != string(graph) {
		t.Errorf("the earlier model's graph isn't beside it (%v)", err)
	}
	train("training.seed=8")
	mustBeGone(t, "model.previous/onnx", "model.previous/mlflow")
}

// The folders for other programs are written anew as a whole: what others keep there would
// be lost.
func TestFoldersOfOthersAreNotReplaced(t *testing.T) {
	config := inRepo(t, "multitask.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 40, 40, 40)
	if err := errors.Join(os.MkdirAll("model/onnx", 0o777), os.WriteFile("model/onnx/mine.onnx", []byte("mine"), 0o666)); err != nil {
		t.Fatal(err)
	}
	args := settings(config, "training.num_epochs=1", "output.model_dir=model")
	code, _, stderr := command(append(args, "--set", "output.onnx=true")...)
	if code != 1 || !strings.Contains(stderr, "model/onnx, which holds mine.onnx") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	mustRun(t, args...) // without a graph it is in nobody's way
	mustRun(t, args...)
	if text, err := os.ReadFile("model/onnx/mine.onnx"); string(text) != "mine" {
		t.Errorf("the other's file is %q (%v)", text, err)
	}
}
