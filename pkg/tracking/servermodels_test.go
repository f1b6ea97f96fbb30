package tracking

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/mlflowtest"
)

// modelOfTest makes a folder that MLflow takes for a model.
func modelOfTest(t *testing.T, weights string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{}
	for name, text := range map[string]string{
		mlmodelFile:      "artifact_path: checkpoint\nflavors:\n  python_function:\n    loader_module: x\nmodel_uuid: 0\nutc_time_created: '2026-01-01 00:00:00.000000'\n",
		"weights":        weights,
		"code/a b ü.txt": "x",
		"empty":          "",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		files[name] = path
	}
	return files
}

// readModels is what testdata/readmodel.py says.
type readModels struct {
	Outputs [][2]any `json:"outputs"`
	Models  []struct {
		ID      string                `json:"id"`
		Name    string                `json:"name"`
		Status  string                `json:"status"`
		Tags    map[string]string     `json:"tags"`
		Params  map[string]string     `json:"params"`
		Metrics map[string][2]float64 `json:"metrics"`
		Written string                `json:"mlmodel_id"`
	} `json:"models"`
	Points   map[string]int `json:"points"`
	Versions map[string]struct {
		Run         string            `json:"run"`
		Source      string            `json:"source"`
		Tags        map[string]string `json:"tags"`
		Description string            `json:"description"`
	} `json:"versions"`
	Aliases map[string]any `json:"aliases"`
}

// serverModels logs, registers and fetches models.
func serverModels(t *testing.T, server *mlflowtest.Server) {
	const name = "helpline calls"
	var said lines
	// log records a run with a model of a score. resumed is the run to resume.
	log := func(score float64, when When, tasks, weights, resumed string) string {
		t.Helper()
		o := trainingOptions(t, server.URI)
		o.Say, o.ResumeID = said.add, resumed
		run := mustOpen(t, o)
		run.LogParams(map[string]string{"batch_size": "16"})
		run.LogMetrics(1, map[string]float64{"val/avg": score, "train/loss": 2})
		run.LogMetrics(2, map[string]float64{"val/avg": score / 2, "train/loss": 1})
		run.LogModel(Model{
			Name: "checkpoint", Files: modelOfTest(t, weights), Tags: map[string]string{"model_hash": "abc"}, Points: map[string]int64{"val/avg": 1},
			History: "[]", Register: &Registration{
				Name: name, Description: "# Card", Tags: map[string]string{"tasks": tasks}, Alias: "champion", When: when, Metric: "val/avg", Score: score,
			},
		})
		mustFinish(t, run, Finished)
		wantNoOutbox(t, o)
		return run.ID()
	}
	first := log(0.5, WhenBetter, "ner", "first", "")
	log(0.5, WhenBetter, "ner", "first", first) // a resumed run logs its model once more
	log(0.4, WhenBetter, "ner", "worse", "")
	log(0.9, WhenBetter, "ner,qa", "other tasks", "")
	log(0.9, WhenNever, "ner", "never", "")
	said.want(t, "registered as models:/helpline calls/1, which is now models:/helpline calls@champion (no version had the alias)")
	said.want(t, "the alias champion stays with version 1: its val/avg is 0.5000, the new one's 0.4000")
	said.want(t, "their scores can't be compared")

	got := readModelsWithPython(t, server.URI, first, name)
	if len(got.Models) != 1 || len(got.Outputs) != 1 || got.Outputs[0][0] != got.Models[0].ID {
		t.Fatalf("models %+v, outputs %v", got.Models, got.Outputs)
	}
	m := got.Models[0]
	if m.Name != "checkpoint" || !strings.Contains(m.Status, "READY") || m.Written != m.ID || m.Tags["model_hash"] != "abc" || m.Tags["mlflow.user"] != "wanjiru" || m.Params["batch_size"] != "16" ||
		!reflect.DeepEqual(m.Metrics, map[string][2]float64{"val/avg": {1, 0.5}}) {
		t.Errorf("model %+v", m)
	}
	if got.Points["val/avg"] != 2 {
		t.Errorf("%d points of val/avg", got.Points["val/avg"])
	}
	// Another run that uses the model shows it, and the model the run's figure.
	o := trainingOptions(t, server.URI)
	o.Experiment = "evaluation of models"
	user := mustOpen(t, o)
	user.LogMetrics(0, map[string]float64{"eval_ner/entity_f1": 0.75})
	for range 2 {
		user.LogUsedModel(UsedModel{Run: first, Name: "checkpoint", Points: map[string]int64{"eval_ner/entity_f1": 0}})
	}
	user.LogUsedModel(UsedModel{Run: strings.Repeat("0", 32), Name: "checkpoint"}) // on another server
	mustFinish(t, user, Finished)
	api := newTestClient(t, server.URI)
	var used runAnswer
	if err := api.get(t.Context(), "runs/get", url.Values{"run_id": {user.ID()}}, &used); err != nil || !used.Run.Inputs.Models.has(m.ID) {
		t.Errorf("inputs %+v: %v", used.Run.Inputs, err)
	}
	var model map[string]any
	if err := api.get(t.Context(), "logged-models/"+m.ID, nil, &model); err != nil || !strings.Contains(fmt.Sprint(model), "eval_ner/entity_f1") {
		t.Errorf("model %v: %v", model, err)
	}

	v := got.Versions["1"]
	if len(got.Versions) != 4 || v.Run != first || v.Source != "models:/"+m.ID || v.Description != "# Card" || v.Tags["score.val/avg"] != "0.5" {
		t.Errorf("versions %+v", got.Versions)
	}

	f := FetchOptions{URI: server.URI, Cache: t.TempDir(), Getenv: noEnv}
	var notices lines
	f.Notice = notices.add
	fetched := func(uri, weights string) string {
		t.Helper()
		dir, err := FetchModel(t.Context(), uri, f)
		if err != nil {
			t.Fatal(err)
		}
		if got := readText(t, filepath.Join(dir, "weights")); got != weights {
			t.Errorf("%s has the weights %q", uri, got)
		}
		return dir
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := FetchModel(t.Context(), "models:/"+name+"@champion", f); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := notices.count("fetching"); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	dir := fetched("models:/"+name+"/1", "first")
	for uri, weights := range map[string]string{"models:/" + name + "/latest": "never", "runs:/" + first + "/checkpoint": "first", "models:/" + m.ID: "first"} {
		if got := fetched(uri, weights); weights == "first" && got != dir {
			t.Errorf("%s is in %s, not in %s", uri, got, dir)
		}
	}
	if readText(t, filepath.Join(dir, "code", "a b ü.txt")) != "x" || readText(t, filepath.Join(dir, "empty")) != "" {
		t.Error("files are missing")
	}
	for _, uri := range []string{"models:/" + name + "@nobody", "models:/nothing@champion", "models:/nothing/latest", "models:/" + name + "/99", "runs:/" + strings.Repeat("0", 32) + "/checkpoint", "runs:/" + first + "/other", "models:/m-" + strings.Repeat("0", 32)} {
		_, err := FetchModel(t.Context(), uri, f)
		wantError(t, err, ErrModelNotFound, uri)
	}

	log(0.6, WhenBetter, "ner", "better", "")
	said.want(t, "is now models:/helpline calls@champion (val/avg 0.6000, before 0.5000 of version 1)")
	fetched("models:/"+name+"@champion", "better")
	log(0.1, WhenAlways, "ner", "always", "")
	fetched("models:/"+name+"@champion", "always")

	// Without the server a name stands for what it last stood for.
	server.Kill()
	p := hasty
	f.pace = &p
	fetched("models:/"+name+"@champion", "always")
	notices.want(t, "is the model that it was before")
	if _, err := FetchModel(t.Context(), "models:/"+name+"@unseen", f); err == nil {
		t.Error("a model was fetched from no server")
	}
	server.Restart()
}

func readModelsWithPython(t *testing.T, uri, run, name string) (got readModels) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filetest.Python(t), filepath.Join("testdata", "readmodel.py"), uri, run, name)
	cmd.Env = mlflowtest.Env(t.TempDir(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("reading models with MLflow's client: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	return got
}
