package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/run"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// phrase is how many words of a transcript, one after the other, count as its
// text.
const phrase = 5

// phrases yields every run of that many words, whatever stands between them.
func phrases(text string, each func(string)) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i := range len(words) - phrase + 1 {
		each(strings.Join(words[i:i+phrase], " "))
	}
}

// secrets are the phrases of the calls in data files.
type secrets map[string]bool

// readSecrets leaves out what train prints of its own made-up call, which is
// much like the demo data's.
func readSecrets(t *testing.T, files map[string]tasks.Task) secrets {
	t.Helper()
	s := secrets{}
	for file, task := range files {
		records, err := datasets.Load(t.Context(), datasets.Source{Path: file, Tasks: []tasks.Task{task}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range records.Texts {
			phrases(string(text), func(p string) { s[p] = true })
		}
	}
	phrases(run.ExampleCall, func(p string) { delete(s, p) })
	if len(s) < 1000 {
		t.Fatalf("only %d phrases", len(s))
	}
	return s
}

// in counts the phrases that stand in what was written.
func (s secrets) in(content string) (n int) {
	phrases(content, func(p string) {
		if s[p] {
			n++
		}
	})
	return n
}

// written returns the files below dir, without those that end in one of some
// folders.
func written(t *testing.T, dir string, without ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		for _, name := range without {
			if entry.IsDir() && entry.Name() == name {
				return fs.SkipDir
			}
		}
		if entry.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// watchState keeps what a run writes into its state, which is gone when the
// run is done. The result stops watching.
func watchState(dir string) func() map[string]string {
	stop, done := make(chan struct{}), make(chan map[string]string)
	go func() {
		files := map[string]string{}
		for {
			_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error { // while it changes
				if err == nil && !entry.IsDir() {
					if data, err := os.ReadFile(path); err == nil {
						files[path] = string(data)
					}
				}
				return nil
			})
			select {
			case <-stop:
				done <- files
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() map[string]string { close(stop); return <-done }
}

// other runs another command of this repository, as a user does.
func other(t *testing.T, source, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "../" + name}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = source, &out, &err
	if failed := cmd.Run(); failed != nil {
		t.Fatalf("%s: %v", name, failed) // what it printed may hold texts
	}
	return out.String(), err.String()
}

// TestNoTextIsWritten: whatever training, distillation, the check of the data,
// evaluation and inference print and write, no five words of a call stand in
// it, but in what infer was asked for.
func TestNoTextIsWritten(t *testing.T) {
	source, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("MLFLOW_TRACKING_URI", "")
	files := map[string]tasks.Task{
		"data/quickstart/" + synth.NERFile:   tasks.NER(tasks.NERLabels()),
		"data/quickstart/" + synth.CasesFile: tasks.CLS(tasks.CaseLabels{}),
		"data/quickstart/" + synth.QAFile:    tasks.QA(),
	}
	outputs := map[string]string{}
	stop := watchState("models/quickstart.run")
	outputs["train"] = mustRun(t, tiny...)
	state := stop()
	if len(state) == 0 {
		t.Error("the run had no state")
	}
	for path, content := range state {
		outputs[path] = content
	}
	secrets := readSecrets(t, files)
	outputs["check"] = mustRun(t, append(tiny, "--check-data")...)
	outputs["distill"] = mustRun(t, append(tiny, "--set", "task=distill", "--set", "output.model_dir=models/student",
		"--set", "distill={cache_dir: cache, teachers: {ner: {model: models/quickstart, hidden_weight: 1}, cls: {model: models/quickstart}}}")...)

	data := filepath.Join(dir, "data", "quickstart")
	model := filepath.Join(dir, "models", "quickstart")
	outputs["eval"], outputs["eval, stderr"] = other(t, source, "eval", "--model", model, "--output", filepath.Join(dir, "report"), "--device", "cpu",
		"--data", "ner="+filepath.Join(data, synth.NERFile), "--data", "cls="+filepath.Join(data, synth.CasesFile), "--data", "qa="+filepath.Join(data, synth.QAFile),
		"--mlflow", "--tracking-uri", filepath.Join(dir, "mlruns"), "--bootstrap", "10")
	if err := os.Mkdir("asked.for", 0o777); err != nil {
		t.Fatal(err)
	}
	_, outputs["infer, stderr"] = other(t, source, "infer", "--model", model, "--device", "cpu",
		"--input", filepath.Join(data, synth.CasesFile), "--output", filepath.Join(dir, "asked.for", "predictions.jsonl"))

	all := written(t, ".", "data", "asked.for")
	for _, want := range []string{"models/quickstart/metrics.json", "models/quickstart/held_out_cls.csv", "report/report.md", "report/predictions_cls.csv"} {
		if all[want] == "" {
			t.Errorf("%s wasn't written", want)
		}
	}
	if len(all) < 100 {
		t.Errorf("only %d files were written", len(all))
	}
	for _, content := range []map[string]string{all, outputs} {
		for name, text := range content {
			if n := secrets.in(text); n > 0 {
				t.Errorf("%s holds %d phrases of the calls", name, n)
			}
		}
	}

	// What is asked for is found, so the search does find.
	mustRun(t, append(tiny, "--set", "output.held_out_texts=true")...)
	list, err := os.ReadFile("models/quickstart/held_out_cls.csv")
	if err != nil || secrets.in(string(list)) == 0 {
		t.Errorf("held_out_texts: %v, no text found", err)
	}
	if logged, err := filepath.Glob("mlruns/*/*/artifacts/checkpoint/held_out_cls.csv"); err != nil || len(logged) == 0 {
		t.Errorf("no lists are logged: %v", err)
	} else {
		for _, file := range logged {
			if text, err := os.ReadFile(file); err != nil || secrets.in(string(text)) > 0 {
				t.Errorf("MLflow's %s holds texts (%v)", file, err)
			}
		}
	}
}

// TestErrorsHoldNoText puts a call into every place of a record that an error
// may speak of.
func TestErrorsHoldNoText(t *testing.T) {
	const call = "Amina says her uncle beats her at night with a stick until she bleeds"
	text, err := json.Marshal(call)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ config, file, record string }{
		"entity label":      {"ner.yaml", "ner", `{"text": "x y", "entities": [{"start": 0, "end": 1, "label": CALL}]}`},
		"entity":            {"ner.yaml", "ner", `{"text": "x y", "entities": CALL}`},
		"start":             {"ner.yaml", "ner", `{"text": "x y", "entities": [{"start": CALL, "end": 1, "label": "NAME"}]}`},
		"record":            {"ner.yaml", "ner", `CALL`},
		"key":               {"ner.yaml", "ner", `{CALL: 1}`},
		"broken":            {"ner.yaml", "ner", `{"text": CALL CALL}`},
		"id twice":          {"ner.yaml", "ner", `{"text": CALL, "uniqueid": CALL}` + "\n" + `{"text": CALL, "uniqueid": CALL}`},
		"spans":             {"ner.yaml", "ner", `{"text": CALL, "entities": [{"start": 0, "end": 900, "label": "NAME"}]}`},
		"category":          {"classification.yaml", "classification", `{"narrative": CALL, "category": CALL}`},
		"category, swapped": {"classification.yaml", "classification", `{"narrative": "Bullying", "category": [CALL]}`},
		"priority":          {"classification.yaml", "classification", `{"narrative": "x y", "category": "Bullying", "priority": {CALL: CALL}}`},
		"labels":            {"qa.yaml", "qa", `{"text": CALL, "labels": CALL}`},
		"text":              {"qa.yaml", "qa", `{"text": [CALL], "labels": {CALL: CALL}}`},
	} {
		config := inRepo(t, c.config)[0]
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("data.json", []byte(strings.ReplaceAll(c.record, "CALL", string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, flag := range []string{"--dry-run", "--check-data", "--skip-bad-records"} {
				code, stdout, stderr := command(append(settings(config, "data."+c.file+"_path=data.json"), flag)...)
				if code != 1 || stderr == "" {
					t.Errorf("%s: exit code %d, %d bytes on stderr", flag, code, len(stderr))
				}
				said := secrets{}
				phrases(call, func(p string) { said[p] = true })
				if said.in(stdout+stderr) > 0 || strings.Contains(stdout+stderr, "Amina") {
					t.Errorf("%s: the call was printed", flag)
				}
			}
		})
	}
}
