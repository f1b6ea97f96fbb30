package tracking

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func fileOptions(t *testing.T) (Options, *lines) {
	warnings := &lines{}
	p := hasty
	return Options{
		URI: filepath.Join(t.TempDir(), "mlruns"), Experiment: "e", RunName: "r", Tags: map[string]string{"mlflow.user": "amina"},
		OutboxDir: filepath.Join(t.TempDir(), "outbox"), Getenv: noEnv, Warn: warnings.add, pace: &p,
	}, warnings
}

// tree reads a folder: path → text, folders ending in a slash.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if entry.IsDir() {
			found[name+"/"] = ""
			return err
		}
		text, err := os.ReadFile(path)
		found[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The files of a run, byte by byte, with ids and times replaced.
func TestFileStoreLayout(t *testing.T) {
	o, warnings := fileOptions(t)
	o.RunName, o.Tags[tagCommit] = "12345", "c0ffee"
	run := mustOpen(t, o)
	run.LogParams(map[string]string{"training.batch_size": "16"})
	run.SetTags(map[string]string{"device": "cpu"})
	run.LogMetrics(1, map[string]float64{"train/loss": 0.5, "best": 1e-7})
	run.LogMetrics(2, map[string]float64{"train/loss": 0.25})
	run.LogArtifacts(writeFile(t, "label_maps.json", "{}"), "checkpoint")
	run.LogInput(Dataset{Name: "ner", Digest: "d", Source: "data/ner.jsonl", Context: "training"})
	mustFinish(t, run, Finished)

	dataset := md5Hex("nerd")
	replace := strings.NewReplacer(o.URI, "ROOT", run.ExperimentID(), "EXPERIMENT", run.ID(), "RUN", dataset, "DATASET", md5Hex(dataset+run.ID()), "LINK")
	times := regexp.MustCompile(`\b\d{13}\b`)
	got := map[string]string{}
	for name, text := range tree(t, o.URI) {
		got[replace.Replace(name)] = times.ReplaceAllString(replace.Replace(text), "TIME")
	}
	want := map[string]string{
		"./": "", ".trash/": "",
		"0/": "", "0/tags/": "",
		"0/meta.yaml": `artifact_location: "file://ROOT/0"
creation_time: TIME
experiment_id: "0"
last_update_time: TIME
lifecycle_stage: "active"
name: "Default"
`,
		"EXPERIMENT/": "", "EXPERIMENT/tags/": "",
		"EXPERIMENT/meta.yaml": `artifact_location: "file://ROOT/EXPERIMENT"
creation_time: TIME
experiment_id: "EXPERIMENT"
last_update_time: TIME
lifecycle_stage: "active"
name: "e"
`,
		"EXPERIMENT/datasets/": "", "EXPERIMENT/datasets/DATASET/": "",
		"EXPERIMENT/datasets/DATASET/meta.yaml": `digest: "d"
name: "ner"
profile: null
schema: null
source: "{\"uri\":\"data/ner.jsonl\"}"
source_type: "local"
`,
		"EXPERIMENT/RUN/": "",
		"EXPERIMENT/RUN/meta.yaml": `artifact_uri: "file://ROOT/EXPERIMENT/RUN/artifacts"
end_time: TIME
entry_point_name: ""
experiment_id: "EXPERIMENT"
lifecycle_stage: "active"
run_id: "RUN"
run_name: "12345"
run_uuid: "RUN"
source_name: ""
source_type: 4
source_version: ""
start_time: TIME
status: 3
tags: []
user_id: "amina"
`,
		"EXPERIMENT/RUN/artifacts/": "", "EXPERIMENT/RUN/artifacts/checkpoint/": "",
		"EXPERIMENT/RUN/artifacts/checkpoint/label_maps.json": "{}",
		"EXPERIMENT/RUN/inputs/":                              "", "EXPERIMENT/RUN/inputs/LINK/": "",
		"EXPERIMENT/RUN/inputs/LINK/meta.yaml": `destination_id: "RUN"
destination_type: "RUN"
source_id: "DATASET"
source_type: "DATASET"
tags:
    mlflow.data.context: "training"
`,
		"EXPERIMENT/RUN/metrics/": "", "EXPERIMENT/RUN/metrics/train/": "",
		"EXPERIMENT/RUN/metrics/train/loss": "TIME 0.5 1\nTIME 0.25 2\n",
		"EXPERIMENT/RUN/metrics/best":       "TIME 1e-07 1\n",
		"EXPERIMENT/RUN/params/":            "", "EXPERIMENT/RUN/params/training.batch_size": "16",
		"EXPERIMENT/RUN/tags/": "", "EXPERIMENT/RUN/tags/device": "cpu", "EXPERIMENT/RUN/tags/mlflow.runName": "12345",
		"EXPERIMENT/RUN/tags/mlflow.user": "amina", "EXPERIMENT/RUN/tags/mlflow.source.name": filepath.Base(os.Args[0]), "EXPERIMENT/RUN/tags/mlflow.source.type": "LOCAL",
		"EXPERIMENT/RUN/tags/mlflow.source.git.commit": "c0ffee",
	}
	for name := range want {
		if text, ok := got[name]; !ok || text != want[name] {
			t.Errorf("%s (there: %v) holds\n%s, want\n%s", name, ok, text, want[name])
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is too much", name)
		}
	}
	if len(warnings.all()) > 0 {
		t.Errorf("warnings %q", warnings.all())
	}
	if !regexp.MustCompile(`^[1-9]\d{17}$`).MatchString(run.ExperimentID()) || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(run.ID()) {
		t.Errorf("ids %s, %s", run.ExperimentID(), run.ID())
	}
}

func TestFileExperiments(t *testing.T) {
	o, _ := fileOptions(t)
	var ids [8]string
	var all sync.WaitGroup
	for i := range ids { // many trainings start at once
		all.Go(func() {
			run, err := Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = run.ExperimentID()
			if err := run.Finish(t.Context(), Finished); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("experiments %v, want one", ids)
		}
	}

	o.Experiment = ""
	run := mustOpen(t, o)
	mustFinish(t, run, Finished)
	if run.ExperimentID() != "0" {
		t.Errorf("the default experiment is %s", run.ExperimentID())
	}

	o.Experiment = "e"
	if err := os.Rename(filepath.Join(o.URI, ids[0]), filepath.Join(o.URI, ".trash", ids[0])); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), o)
	wantError(t, err, ErrExperimentDeleted, ids[0])
}

func TestFileStoreValues(t *testing.T) {
	o, warnings := fileOptions(t)
	run := mustOpen(t, o)
	run.LogParams(map[string]string{"p": "1", "lines": "a\nb\n"})
	run.LogParams(map[string]string{"p": "2", "q": "1"})
	run.LogParams(map[string]string{"p": "1"})
	run.SetTags(map[string]string{"t": "1"})
	run.SetTags(map[string]string{"t": "2"})
	run.LogMetrics(1, map[string]float64{"val": 1, "val/avg": 2, "nan": math.NaN(), "../../up": 3, "": 4})
	run.LogMetrics(2, map[string]float64{"val/avg": 5, "nan": math.Inf(1)})
	mustFinish(t, run, Killed)
	run.LogMetrics(3, map[string]float64{"val": 1}) // too late

	got := tree(t, run.URL())
	for name, want := range map[string]string{
		"params/p": "1", "params/q": "1", "params/lines": "a\nb\n", "tags/t": "2",
		"tags/nonfinite.nan": "+Inf at step 2, 2 times in all",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for name, want := range map[string]string{"val": `^\d+ 1 1\n$`, "val_avg": `^\d+ 2 1\n\d+ 5 2\n$`, "up": `^\d+ 3 1\n$`} {
		if !regexp.MustCompile(want).MatchString(got["metrics/"+name]) {
			t.Errorf("metric %s is %q, want %s", name, got["metrics/"+name], want)
		}
	}
	if _, ok := got["metrics/nan"]; ok {
		t.Error("a metric of NaN has a file")
	}
	if !strings.Contains(got["meta.yaml"], "status: 5\n") {
		t.Errorf("meta.yaml %s", got["meta.yaml"])
	}
	warnings.want(t, "does not take the param p")
	warnings.want(t, `"val/avg" is recorded as "val_avg"`)
	warnings.want(t, `"" is not recorded`)
	if n := len(warnings.all()); n != 4 {
		t.Errorf("%d warnings: %q", n, warnings.all())
	}
}

// What a crash may leave is repaired, and a foreign field stays.
func TestFileStoreRepair(t *testing.T) {
	o, _ := fileOptions(t)
	run := mustOpen(t, o)
	run.LogMetrics(1, map[string]float64{"m": 1, "train/loss": 1})
	mustFinish(t, run, Failed)
	dir := run.URL()
	tear(t, filepath.Join(dir, "metrics", "m"), "1700000000000 0.5")
	tear(t, filepath.Join(dir, "metrics", "empty"), "")
	tear(t, filepath.Join(dir, "metrics", "torn"), "17")
	tear(t, filepath.Join(dir, metaFile), "deleted_time: 5\n")
	tear(t, filepath.Join(dir, ".model.pt123"), "half")
	if err := os.RemoveAll(filepath.Join(dir, "artifacts")); err != nil {
		t.Fatal(err)
	}
	o.ResumeID = run.ID()
	again := mustOpen(t, o)
	if text := readText(t, filepath.Join(dir, metaFile)); !strings.Contains(text, "status: 1\n") || !strings.Contains(text, "end_time: null\n") {
		t.Errorf("while it runs: %s", text)
	}
	again.LogMetrics(1, map[string]float64{"m": 9})
	again.LogMetrics(2, map[string]float64{"m": 2})
	mustFinish(t, again, Finished)
	got := tree(t, dir)
	if !regexp.MustCompile(`^\d+ 1 1\n\d+ 2 2\n$`).MatchString(got["metrics/m"]) {
		t.Errorf("m is %q", got["metrics/m"])
	}
	for _, name := range []string{"metrics/empty", "metrics/torn", ".model.pt123"} {
		if _, ok := got[name]; ok {
			t.Errorf("%s is still there", name)
		}
	}
	if _, ok := got["artifacts/"]; !ok {
		t.Error("no artifacts folder")
	}
	if !strings.Contains(got["meta.yaml"], "deleted_time: 5\n") || !strings.Contains(got["meta.yaml"], "status: 3\n") {
		t.Errorf("meta.yaml %s", got["meta.yaml"])
	}
}

// A store that cannot be written for a while holds nothing up and loses nothing.
func TestFileStoreOutage(t *testing.T) {
	o, warnings := fileOptions(t)
	run := mustOpen(t, o)
	folder := filepath.Join(run.URL(), "metrics")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o644); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	run.LogMetrics(1, map[string]float64{"m": 1})
	run.LogMetrics(2, map[string]float64{"m": 2})
	warnings.waitFor(t, "does not take records now")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	mustFinish(t, run, Finished)
	if got := readText(t, filepath.Join(folder, "m")); strings.Count(got, "\n") != 2 {
		t.Errorf("m is %q", got)
	}
	warnings.want(t, "takes records again")
}

func TestFileStoreThatFails(t *testing.T) {
	o, _ := fileOptions(t)
	o.pace.stall = 20 * time.Millisecond
	run := mustOpen(t, o)
	if err := os.RemoveAll(run.URL()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(run.URL(), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run.LogMetrics(1, map[string]float64{"m": 1})
	err := run.Finish(t.Context(), Finished)
	if err == nil || !strings.Contains(err.Error(), "1 record, 0 artifacts and the run's status, they are lost") {
		t.Errorf("error %v", err)
	}
}

func TestCopiesAreWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "a", "b", "model.pt")
	if _, err := copyFile(filepath.Join(dir, "missing"), target, dir, func() {}); err == nil || fileExists(target) {
		t.Errorf("error %v; there: %v", err, fileExists(target))
	}
	source := writeFile(t, "model.pt", strings.Repeat("x", 100_000))
	moved := 0
	made, err := copyFile(source, target, dir, func() {
		moved++
		if fileExists(target) {
			t.Error("the copy is seen before it is whole")
		}
	})
	if err != nil || moved == 0 {
		t.Fatalf("error %v, %d reads", err, moved)
	}
	if want := []string{filepath.Join(dir, "a", "b"), filepath.Join(dir, "a")}; !reflect.DeepEqual(made, want) {
		t.Errorf("made %v, want %v", made, want)
	}
	if got := readText(t, target); len(got) != 100_000 {
		t.Errorf("%d bytes", len(got))
	}
	undo(target, made)
	if got := tree(t, dir); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestFileHints(t *testing.T) {
	for root, want := range map[string]string{"mlruns": "./mlruns", "/srv/mlruns": "/srv/mlruns", "../x": "../x", "my runs": "'./my runs'", "it's": `'./it'\''s'`} {
		hints := (&fileStore{root: root}).hints()
		if len(hints) != 2 || hints[0] != "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri "+want ||
			!strings.HasPrefix(hints[1], "mlflow migrate-filestore --source "+want+" --target sqlite:///mlflow.db") {
			t.Errorf("%s: %q", root, hints)
		}
	}
}

func TestPoints(t *testing.T) {
	for _, p := range []point{{1, 0.1, 2}, {0, -1e-300, -5}, {math.MaxInt64, math.MaxFloat64, math.MinInt64}} {
		if got, ok := parsePoint(p.line()); !ok || got != p {
			t.Errorf("%v becomes %q and %v", p, p.line(), got)
		}
	}
	for _, line := range []string{"", "1 2", "1 2 3 4", "x 2 3", "1 x 3", "1 2 3.5"} {
		if p, ok := parsePoint([]byte(line)); ok {
			t.Errorf("%q is read as %v", line, p)
		}
	}
}
