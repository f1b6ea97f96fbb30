package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestTwoRunsOnOneFolder(t *testing.T) {
	dir := quickDir(t)
	first := start(t, dir, with(endless...)...)
	first.waitFor("train_loss=")
	second := start(t, dir, with("output.model_dir=./models/../models/quickstart/")...)
	if code, _ := second.end(); code != 1 || strings.Count(second.stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, second.stderr.String())
	}
	mustContain(t, second.stderr.String(), "models/quickstart", "another training is using it", "process "+strconv.Itoa(first.cmd.Process.Pid), "output.model_dir")

	first.signal(syscall.SIGKILL)
	first.end()
	third := start(t, dir, append(with(endless...), "--resume")...)
	third.waitFor("train_loss=")
	third.signal(syscall.SIGINT)
	if code, _ := third.end(); code != 130 {
		t.Errorf("after the first was killed the folder isn't free: exit code %d, %q", code, third.stderr.String())
	}
}

// stopped leaves the state of a run that was stopped after an epoch, in the
// working directory.
func stopped(t *testing.T) {
	t.Helper()
	t.Chdir(quickDir(t))
	t.Setenv("MLFLOW_TRACKING_URI", "")
	p := start(t, ".", with("training.num_epochs=300", "training.early_stopping_patience=0")...)
	p.waitFor("[Checkpoint saved]")
	p.signal(syscall.SIGTERM)
	if code, _ := p.end(); code != 143 {
		t.Fatalf("exit code %d, stderr %q", code, p.stderr.String())
	}
}

func TestResumeChanged(t *testing.T) {
	stopped(t)
	resume := func(more ...string) []string {
		return append(with(append([]string{"training.num_epochs=300", "training.early_stopping_patience=0"}, more...)...), "--resume")
	}
	refused := func(args []string, want ...string) {
		t.Helper()
		code, _, stderr := command(args...)
		if code != 1 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, stderr %q; want 1 and one line", code, stderr)
		}
		mustContain(t, stderr, append(want, "not the run that was stopped", "--force")...)
	}
	refused(resume("training.batch_size=8", "training.learning_rate=1e-4"), `training.batch_size was "16", is "8"; training.learning_rate was "0.0015", is "0.0001"`)
	refused(resume("training.class_weights={ner: balanced}"), `training.class_weights.ner was none, is "balanced"`)

	const cases = "data/quickstart/cases_generated_data_v0005.json"
	old, err := os.ReadFile(cases)
	if err == nil {
		err = os.WriteFile(cases, append(old, '\n'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	refused(resume(), "the file of cls was ", ", 60 records, is ")
	if err := os.WriteFile(cases, old, 0o600); err != nil {
		t.Fatal(err)
	}

	if code, _, stderr := command("--force"); code != 2 || !strings.Contains(stderr, "--resume") {
		t.Errorf("--force alone: exit code %d, %q", code, stderr)
	}

	// What shapes nothing may change: where files lie, how often the state is kept.
	if err := os.Rename("data/quickstart/ner_synthetic_dataset_v1.jsonl", "moved.jsonl"); err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{"data.ner_path=moved.jsonl", "training.save_steps=7", "training.max_bad_steps=9", "mlflow.run_name=other"}
	p := start(t, ".", resume(elsewhere...)...)
	p.waitFor("Resuming after step ")
	p.waitFor("Epoch 4/")
	p.signal(syscall.SIGINT)
	if code, _ := p.end(); code != 130 {
		t.Errorf("exit code %d, stderr %q", code, p.stderr.String())
	}
	if text := p.stderr.String(); strings.Count(text, "\n") != 1 {
		t.Errorf("unasked for on stderr: %q", text)
	}

	// Forced, with a damaged newest state; the epochs are fewer and longer.
	states, err := filepath.Glob("models/quickstart.run/state-*")
	if err != nil || len(states) != 2 {
		t.Fatalf("states %v, %v", states, err)
	}
	if err := os.Truncate(filepath.Join(states[1], "state.safetensors"), 100); err != nil {
		t.Fatal(err)
	}
	done := stateIn2(t)
	code, stdout, stderr := command(append(resume(append(elsewhere, "training.batch_size=8", "training.num_epochs="+strconv.Itoa(done+2))...), "--force")...)
	if code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stderr, "warning: the state models/quickstart.run/"+filepath.Base(states[1])+" is damaged", "going on from the one before")
	mustContain(t, stdout, `Changed since the run was stopped: training.batch_size was "16", is "8"; training.num_epochs was "300"`,
		"An epoch has 16 steps now, not 8: going on after the last complete one", "the end of epoch "+strconv.Itoa(done), "Use it:")
	if _, err := os.Stat("models/quickstart.run"); !os.IsNotExist(err) {
		t.Errorf("the finished run left its state: %v", err)
	}
	tags, err := filepath.Glob("mlruns/*/*/tags/changed_on_resume")
	if err != nil || len(tags) != 1 {
		t.Fatalf("tags %v, %v", tags, err)
	}
	text, err := os.ReadFile(tags[0])
	if err != nil || !strings.HasPrefix(string(text), `training.batch_size was "16", is "8"; `) {
		t.Errorf("tag %q, %v", text, err)
	}
}

// stateIn2 is how many epochs the state before the newest had completed.
func stateIn2(t *testing.T) int {
	t.Helper()
	states, err := filepath.Glob("models/quickstart.run/state-*")
	if err != nil {
		t.Fatal(err)
	}
	alone := quickDir(t)
	if err := os.CopyFS(filepath.Join(alone, "models/quickstart.run", filepath.Base(states[0])), os.DirFS(states[0])); err != nil {
		t.Fatal(err)
	}
	return stateIn(t, alone).History.Completed
}

// A new run doesn't throw a stopped one's state away.
func TestNewRunKeepsTheStoppedOne(t *testing.T) {
	stopped(t)
	step := stateIn(t, ".").Progress.Step
	stdout := mustRun(t, tiny...)
	mustContain(t, stdout, "[A stopped run isn't resumed; its state is now in models/quickstart.run.previous]", "[The earlier model is now models/quickstart.previous]")
	if err := os.Rename("models/quickstart.run.previous", "models/quickstart.run"); err != nil {
		t.Fatal(err)
	}
	if again := stateIn(t, ".").Progress.Step; again != step {
		t.Errorf("the state kept is of step %d, want %d", again, step)
	}
}

// --resume-if-any begins a run, goes on with it, and doesn't begin anew where
// the state is damaged.
func TestResumeIfAny(t *testing.T) {
	t.Parallel()
	dir := quickDir(t)
	args := append(with(endless...), "--resume-if-any")
	for _, want := range []string{"Epoch 1/", "Resuming after step"} {
		p := start(t, dir, args...)
		p.waitFor("[Checkpoint saved]")
		p.signal(syscall.SIGKILL)
		p.end()
		mustContain(t, p.stdout.String(), want)
	}
	files, err := filepath.Glob(filepath.Join(dir, "models/quickstart.run/state-*/*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no state: %v", err)
	}
	for _, file := range files {
		if err := os.Truncate(file, 1); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, dir, args...)
	if code, _ := p.end(); code != 1 || strings.Count(p.stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d, stderr %q; want 1 and one line", code, p.stderr.String())
	}
	mustContain(t, p.stderr.String(), "is damaged")
}
