package main

import (
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
	mustBeGone(t, "model/onnx")
	moved, err := os.ReadFile("model.previous/onnx/model.onnx")
	if err != nil || string(moved) != string(graph) {
		t.Errorf("the earlier model's graph isn't beside it (%v)", err)
	}
	train("training.seed=8")
	mustBeGone(t, "model.previous/onnx")
}
