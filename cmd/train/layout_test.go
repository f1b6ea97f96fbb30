package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// prototypeFolders are the folders of the Python prototype in a new working
// directory: data/ with demo calls, and beside it TASK/config.yaml.
func prototypeFolders(t *testing.T, tasks ...string) {
	t.Helper()
	texts := map[string][]byte{}
	for _, task := range tasks {
		text, err := os.ReadFile(filepath.Join("../../pkg/config/testdata/prototype", task+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		texts[task] = text
	}
	t.Chdir(t.TempDir())
	if _, err := synth.WriteAll(t.Context(), "data", synth.Options{NER: 60, Cases: 400, QA: 50, Seed: 3, Short: true}, nil); err != nil {
		t.Fatal(err)
	}
	for task, text := range texts {
		if err := os.Mkdir(task, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(task, "config.yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPrototypesConfigurations trains on the prototype's three single-task
// configurations, from its top folder: their ../data is beside the files.
func TestPrototypesConfigurations(t *testing.T) {
	for task, want := range map[string]struct {
		settings       []string
		prints, warns  []string
		model, figures string
	}{
		"ner": {
			settings: []string{"training.batch_size=16"},
			prints: []string{
				"ner/config.yaml: laid out as the Python prototype's NER configuration; read as task: ner, with", "  training.num_epochs: 5, from training.num_train_epochs",
				"ner/config.yaml: data.ner_path: reading data/ner_synthetic_dataset_v1.jsonl (../data/ner_synthetic_dataset_v1.jsonl from the configuration's folder)",
				"NER: 48 train / 6 val / 6 test", "Validation every 1000 steps",
			},
			warns: []string{"train: warning: ner/config.yaml: no effect here: experiment.author (line 2)", "line 6: data.validation_size: the prototype doesn't read it"},
			model: "entities_model", figures: "figures.json",
		},
		"classification": {
			settings: []string{"data.test_size=0.5"},
			prints: []string{
				"read as task: classification, with", "data.classification_path: reading data/cases_generated_data_v0005.json (../data/cases_generated_data_v0005.json from the configuration's folder)", "CLS  rare classes : ",
			},
			warns: []string{"no effect here: mlflow.registered_model_name (line 30): mlflow.register_model registers models"},
			model: "case_models", figures: "case_metrics.json",
		},
		"qa": {
			prints: []string{"read as task: qa, with", "data.qa_path: reading data/synthetic_qa_metrics_data_v01x.json (../data/synthetic_qa_metrics_data_v01x.json from the configuration's folder)", "QA:  36 train / 4 val / 10 test"},
			warns:  []string{"no effect here: output.save_final_model (line 34)", "line 36: output.metrics_file_path: only the file's name counts"},
			model:  "call_models", figures: "call_metrics.json",
		},
	} {
		t.Run(task, func(t *testing.T) {
			prototypeFolders(t, task)
			code, stdout, stderr := command(settings(task+"/config.yaml", want.settings...)...)
			if code != 0 {
				t.Fatalf("exit code %d, stderr %q", code, stderr)
			}
			mustContain(t, stdout, want.prints...)
			mustContain(t, stderr, want.warns...)
			model, _, err := fusion.Load(want.model, gotch.CPU)
			if err != nil {
				t.Fatal(err)
			}
			model.Drop()
			if _, err := os.Stat(filepath.Join(want.model, want.figures)); err != nil {
				t.Error(err)
			}
			if entries, err := os.ReadDir(task); err != nil || len(entries) != 1 {
				t.Errorf("written beside the configuration: %v, %v", entries, err)
			}
		})
	}
}

// From the configuration's own folder, as the prototype's README goes, there is
// nothing to say of paths.
func TestPrototypesConfigurationInItsFolder(t *testing.T) {
	prototypeFolders(t, "qa")
	t.Chdir("qa")
	code, stdout, stderr := command(append(settings("config.yaml"), "--dry-run")...)
	if code != 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stdout, "config.yaml: laid out as the Python prototype's QA configuration", "QA:  36 train / 4 val / 10 test")
	if strings.Contains(stdout, "the configuration's folder") {
		t.Errorf("paths in the working directory are spoken of:\n%s", stdout)
	}
}

func TestMissingDataSaysWhereItWasLookedFor(t *testing.T) {
	prototypeFolders(t, "qa")
	if err := os.RemoveAll("data"); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command(settings("qa/config.yaml")...)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	mustContain(t, stderr, "data is missing: ../data/synthetic_qa_metrics_data_v01x.json; set the paths in the configuration (they are tried from the working directory, then from the file's own folder)")
	// What --set names is taken from the working directory alone, and the quickstart has no folder.
	for _, args := range [][]string{append(settings("qa/config.yaml"), "--set", "data.qa_path=nowhere.json"), {"--set", "data.generate={ner: 0, cases: 0, qa: 0}"}} {
		code, _, stderr := command(args...)
		if code != 1 {
			t.Errorf("exit code %d", code)
		}
		mustContain(t, stderr, "set the paths in the configuration (they are tried from the working directory), or")
	}
}

// Each of several processes reads the configuration; what there is to say of it
// is said once.
func TestNotesAreToldOnce(t *testing.T) {
	prototypeFolders(t, "qa")
	for _, args := range [][]string{{"--check-data"}, {"--dry-run"}, {"--dry-run", "--nproc", "2"}} {
		_, stdout, stderr := command(append(settings("qa/config.yaml"), args...)...)
		if n, m := strings.Count(stdout, "laid out as"), strings.Count(stderr, "logging.level"); n != 1 || m != 1 {
			t.Errorf("%v: the layout is told %d times, keys without effect %d times; want once", args, n, m)
		}
	}
	_, stdout, stderr := command(append(settings("qa/config.yaml"), "--dry-run", "--world-size", "2", "--rank", "1", "--master", "localhost:1")...)
	if stdout+stderr != "" {
		t.Errorf("rank 1 says %q, %q", stdout, stderr)
	}
}
