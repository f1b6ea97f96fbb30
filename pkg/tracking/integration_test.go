package tracking

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/mlflowtest"
)

const epochs = 5

// curves is what the training of these tests logs in an epoch.
func curves(epoch int) map[string]float64 {
	return map[string]float64{
		"train/loss":     2.5 / float64(epoch),
		"train/loss_ner": 0.1 + 1/float64(3*epoch),
		"val/ner_f1":     1 - 1/float64(epoch+1),
		"val/avg":        float64(epoch) * 1e-7,
	}
}

// logTraining records a whole training. between is called before each epoch.
func logTraining(t *testing.T, run *Run, between func(epoch int)) {
	t.Helper()
	run.LogParams(map[string]string{"training.batch_size": "16", "backbone.model_name": "distilbert-base-cased", "data.note": "kwa heri 👋 \"quoted\"", "empty": ""})
	run.SetTags(map[string]string{"device": "cpu", "strategy": "task_alternation"})
	run.LogInput(Dataset{Name: "ner", Digest: "0123456789abcdef", Source: "data/ner.jsonl", Context: "training", Profile: `{"num_rows": 1798}`})
	for epoch := 1; epoch <= epochs; epoch++ {
		if between != nil {
			between(epoch)
		}
		run.LogMetrics(int64(epoch), curves(epoch))
	}
	run.SetTags(map[string]string{"stopped_early": "false"})
	run.LogArtifacts(checkpoint(t), "checkpoint")
}

// checkpoint makes a folder of files as a training leaves them.
func checkpoint(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, size := range map[string]int{"model.pt": 3 << 20, "label_maps.json": 10, "empty": 0, "more/a b ü.txt": 5} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantTraining checks that a run holds exactly what logTraining recorded.
func wantTraining(t *testing.T, got readBack, status Status) {
	t.Helper()
	if got.Runs != 1 {
		t.Errorf("%d runs of this name, want 1", got.Runs)
	}
	if got.Status != string(status) {
		t.Errorf("status %s, want %s", got.Status, status)
	}
	if got.Start <= 0 || got.End < got.Start {
		t.Errorf("started at %d, ended at %d", got.Start, got.End)
	}
	params := map[string]string{"training.batch_size": "16", "backbone.model_name": "distilbert-base-cased", "data.note": "kwa heri 👋 \"quoted\"", "empty": ""}
	if !reflect.DeepEqual(got.Params, params) {
		t.Errorf("params %v, want %v", got.Params, params)
	}
	for key, want := range map[string]string{"device": "cpu", "strategy": "task_alternation", "stopped_early": "false", "mlflow.user": "wanjiru", "mlflow.note.content": "# Quickstart"} {
		if got.Tags[key] != want {
			t.Errorf("tag %s is %q, want %q", key, got.Tags[key], want)
		}
	}
	metrics := map[string][][2]float64{}
	for key, points := range got.Metrics {
		for _, p := range points {
			metrics[key] = append(metrics[key], [2]float64{p[0], p[1]})
		}
	}
	want := map[string][][2]float64{}
	for epoch := 1; epoch <= epochs; epoch++ {
		for key, value := range curves(epoch) {
			want[key] = append(want[key], [2]float64{float64(epoch), value})
		}
	}
	if !reflect.DeepEqual(metrics, want) {
		t.Errorf("metrics\n%v, want\n%v", metrics, want)
	}
	files := map[string]int{"checkpoint/model.pt": 3 << 20, "checkpoint/label_maps.json": 10, "checkpoint/empty": 0, "checkpoint/more/a b ü.txt": 5}
	if !reflect.DeepEqual(got.Artifacts, files) {
		t.Errorf("artifacts %v, want %v", got.Artifacts, files)
	}
	if len(got.Inputs) != 1 || got.Inputs[0].Name != "ner" || got.Inputs[0].Digest != "0123456789abcdef" ||
		got.Inputs[0].Source["uri"] != "data/ner.jsonl" || got.Inputs[0].Profile != `{"num_rows": 1798}` ||
		got.Inputs[0].Context["mlflow.data.context"] != "training" {
		t.Errorf("inputs %+v", got.Inputs)
	}
}

func trainingOptions(t *testing.T, uri string) Options {
	return Options{
		URI: uri, Experiment: "of " + t.Name(), RunName: "first run",
		Tags:      map[string]string{"mlflow.user": "wanjiru", "mlflow.note.content": "# Quickstart"},
		OutboxDir: filepath.Join(t.TempDir(), "outbox"), Fallback: filepath.Join(t.TempDir(), "mlruns"),
		Getenv: noEnv,
		Warn:   func(line string) { t.Errorf("warning: %s", line) },
	}
}

func mustOpen(t *testing.T, o Options) *Run {
	t.Helper()
	run, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func mustFinish(t *testing.T, run *Run, status Status) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := run.Finish(ctx, status); err != nil {
		t.Fatal(err)
	}
}

func wantNoOutbox(t *testing.T, o Options) {
	t.Helper()
	if files, _ := os.ReadDir(o.OutboxDir); len(files) > 0 {
		t.Errorf("the outbox folder still holds %v", files)
	}
}

// TestServer records on real servers, each of which the parts share as it is slow to
// start. Each part has an experiment of its own.
func TestServer(t *testing.T) {
	for name, start := range mlflowtest.Servers() {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			t.Run("training and resume", func(t *testing.T) { serverTraining(t, server) })
			if !server.Go { // it can't set aliases
				t.Run("models", func(t *testing.T) { serverModels(t, server) })
			}
			t.Run("bad items", func(t *testing.T) { serverBadItems(t, server) })
			t.Run("outage", func(t *testing.T) { serverOutage(t, server) })
			t.Run("outage and kills", func(t *testing.T) { serverOutageAndKills(t, server) })
			t.Run("deleted experiment", func(t *testing.T) { serverDeletedExperiment(t, server) })
		})
	}
}

func serverTraining(t *testing.T, server *mlflowtest.Server) {
	o := trainingOptions(t, server.URI)
	run := mustOpen(t, o)
	logTraining(t, run, nil)
	mustFinish(t, run, Finished)
	wantNoOutbox(t, o)

	got := readWithPython(t, server.URI, o.Experiment, o.RunName)
	wantTraining(t, got, Finished)
	if got.ID != run.ID() || got.ExperimentID != run.ExperimentID() {
		t.Errorf("run %s of experiment %s, want %s of %s", got.ID, got.ExperimentID, run.ID(), run.ExperimentID())
	}
	wantOverREST(t, server.URI, run.ID())

	o.ResumeID = run.ID()
	again := mustOpen(t, o)
	if again.ID() != run.ID() {
		t.Fatalf("resumed as %s", again.ID())
	}
	again.LogMetrics(epochs, map[string]float64{"train/loss": 99}) // the run has this step
	again.LogMetrics(epochs+1, map[string]float64{"train/loss": 0.25})
	again.LogParams(map[string]string{"training.batch_size": "16"})
	mustFinish(t, again, Killed)
	got = readWithPython(t, server.URI, o.Experiment, o.RunName)
	losses := got.Metrics["train/loss"]
	if got.Status != "KILLED" || len(losses) != epochs+1 || losses[epochs][1] != 0.25 {
		t.Errorf("status %s, losses %v", got.Status, losses)
	}
}

// wantOverREST asks the server itself, without MLflow's client.
func wantOverREST(t *testing.T, uri, run string) {
	t.Helper()
	var history struct {
		Metrics []struct {
			Step  number  `json:"step"`
			Value decimal `json:"value"`
		} `json:"metrics"`
	}
	err := newTestClient(t, uri).get(t.Context(), "metrics/get-history", url.Values{"run_id": {run}, "metric_key": {"train/loss"}}, &history)
	if err != nil || len(history.Metrics) != epochs {
		t.Errorf("train/loss has the points %v (%v)", history.Metrics, err)
	}
}

func serverBadItems(t *testing.T, server *mlflowtest.Server) {
	o := trainingOptions(t, server.URI)
	var warnings lines
	o.Warn = warnings.add
	run := mustOpen(t, o)
	run.LogParams(map[string]string{"a": "1", "b": "1"})
	run.LogParams(map[string]string{"b": "other", "c": "1"})
	run.LogMetrics(1, map[string]float64{"x": 1, "y": math.NaN(), "z": math.Inf(-1)})
	run.LogMetrics(2, map[string]float64{"x/below": 2, "naïve: 1%": 3, "y": 4})
	// The server itself refuses this name, and with it the whole batch, which holds others.
	run.enqueue(func() record {
		return record{Metrics: map[string]float64{"a before": 1, "not#good": 2, "z after": 3}, Step: 7}
	})
	long := map[string]string{}
	for i := range 250 { // more than one call of log-batch takes
		long[fmt.Sprintf("long.%03d", i)] = strings.Repeat("ü", 7000)
	}
	run.LogParams(long)
	mustFinish(t, run, Finished)
	got := readWithPython(t, server.URI, o.Experiment, o.RunName)
	params, names := 253, map[string]float64{"x": 1, "x_below": 2, "naïve_ 1_": 2, "y": 2, "a before": 7, "z after": 7}
	if server.Go { // it counts a param's bytes, and wants names in ASCII
		params = 3
		delete(names, "naïve_ 1_")
		warnings.want(t, "does not take the param long.249")
		warnings.want(t, "does not take the metric naïve_ 1_")
	}
	if len(got.Params) != params || got.Params["a"] != "1" || got.Params["b"] != "1" || got.Params["c"] != "1" {
		t.Errorf("%d params; a=%q b=%q c=%q", len(got.Params), got.Params["a"], got.Params["b"], got.Params["c"])
	}
	if !server.Go && got.Params["long.249"] != strings.Repeat("ü", maxParamLength) {
		t.Errorf("a long param has %d bytes", len(got.Params["long.249"]))
	}
	for key, step := range names {
		if len(got.Metrics[key]) != 1 || got.Metrics[key][0][0] != step {
			t.Errorf("metric %s is %v", key, got.Metrics[key])
		}
	}
	if got.Tags["nonfinite.y"] != "NaN at step 1, 1 time in all" || got.Tags["nonfinite.z"] == "" {
		t.Errorf("tags %v", got.Tags)
	}
	warnings.want(t, "does not take the param b")
	warnings.want(t, "does not take the metric not#good")
	warnings.want(t, `"x/below" is recorded as "x_below"`)
}

// An outage in the middle: the server is killed, the training goes on, the server
// comes back while it does, and nothing is lost or doubled.
func serverOutage(t *testing.T, server *mlflowtest.Server) {
	o := trainingOptions(t, server.URI)
	p := defaultPace
	p.maxWait = p.minWait // so that the test needn't wait for half a minute
	o.pace = &p
	var warnings lines
	o.Warn = warnings.add
	run := mustOpen(t, o)
	logTraining(t, run, func(epoch int) {
		switch epoch {
		case 2:
			server.Kill()
		case 4:
			warnings.waitFor(t, "does not take records now")
			server.Restart()
		case 5:
			warnings.waitFor(t, "takes records again")
		}
	})
	mustFinish(t, run, Finished)
	wantNoOutbox(t, o)
	wantTraining(t, readWithPython(t, server.URI, o.Experiment, o.RunName), Finished)
	if got := warnings.count("does not take records now"); got != 1 {
		t.Errorf("%d warnings of the outage, want 1: %v", got, warnings.all())
	}
}

func serverDeletedExperiment(t *testing.T, server *mlflowtest.Server) {
	o := trainingOptions(t, server.URI)
	run := mustOpen(t, o)
	mustFinish(t, run, Finished)
	err := newTestClient(t, server.URI).post(t.Context(), "experiments/delete", map[string]string{"experiment_id": run.ExperimentID()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), o)
	wantError(t, err, ErrExperimentDeleted, "mlflow experiments restore")
}

// A server that hands out its own folder for artifacts: on its machine files are
// copied there.
func TestServerWithoutUploads(t *testing.T) {
	server := mlflowtest.Start(t, "--no-serve-artifacts")
	o := trainingOptions(t, server.URI)
	run := mustOpen(t, o)
	logTraining(t, run, nil)
	mustFinish(t, run, Failed)
	wantTraining(t, readWithPython(t, server.URI, o.Experiment, o.RunName), Failed)
}

func TestFileStoreWithMLflow(t *testing.T) {
	root := filepath.Join(t.TempDir(), "ml runs")
	o := trainingOptions(t, root)
	run := mustOpen(t, o)
	logTraining(t, run, nil)
	mustFinish(t, run, Finished)
	wantNoOutbox(t, o)
	got := readWithPython(t, fileURI(root), o.Experiment, o.RunName)
	wantTraining(t, got, Finished)
	if want := []string{"Default", o.Experiment}; !reflect.DeepEqual(got.Experiments, want) {
		t.Errorf("experiments %v, want %v", got.Experiments, want)
	}

	t.Run("migrate", func(t *testing.T) {
		database := "sqlite:///" + filepath.Join(t.TempDir(), "mlflow.db")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, filetest.Python(t), "-m", "mlflow", "migrate-filestore", "--source", root, "--target", database)
		cmd.Env = mlflowtest.Env(t.TempDir())
		cmd.Dir = t.TempDir()
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("mlflow migrate-filestore: %v\n%s", err, output)
		}
		wantTraining(t, readWithPython(t, database, o.Experiment, o.RunName), Finished)
	})
}

func newTestClient(t *testing.T, uri string) *client {
	t.Helper()
	base, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	api, err := newClient(base, noEnv, &defaultPace)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// A process that is killed leaves a run that goes on where it stopped.
func TestFileStoreResumeWithMLflow(t *testing.T) {
	root := filepath.Join(t.TempDir(), "mlruns")
	o := trainingOptions(t, root)
	run := mustOpen(t, o)
	for epoch := 1; epoch <= 2; epoch++ {
		run.LogMetrics(int64(epoch), curves(epoch))
	}
	mustFinish(t, run, Running)
	folder := run.URL()
	tear(t, filepath.Join(folder, "metrics", "train", "loss"), strconv.FormatInt(run.lastMs, 10)+" 0.12")
	tear(t, filepath.Join(folder, "metrics", "lonely"), "17")
	if err := os.RemoveAll(filepath.Join(folder, "params")); err != nil {
		t.Fatal(err)
	}

	o.ResumeID = run.ID()
	run = mustOpen(t, o)
	logTraining(t, run, nil)
	mustFinish(t, run, Finished)
	wantTraining(t, readWithPython(t, fileURI(root), o.Experiment, o.RunName), Finished)
}
