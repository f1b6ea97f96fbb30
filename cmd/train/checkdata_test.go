package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
)

// spoil adds lines to one of demo's files.
func spoil(t *testing.T, name string, change func(content string) string) {
	t.Helper()
	path := filepath.Join("data", name)
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(string(content))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// badLines are three records that can't be used, and a line without one.
const badLines = `{"text": "Amina"` + "\n\n" + `{"text": "Amina", "entities": [{"start": 1, "end": 9, "label": "NAME"}]}` + "\n" + `{"text": "Amina", "entities": [{"start": 1, "end": 3, "label": "PERSON"}]}` + "\n"

func TestBadRecordsAreRefusedOrSkipped(t *testing.T) {
	config := inRepo(t, "multitask.yaml")[0]
	t.Chdir(t.TempDir())
	t.Setenv("MLFLOW_TRACKING_URI", "")
	demo(t, 40, 40, 40)
	args := settings(config, "mlflow.enabled=true", "training.num_epochs=1")
	clean := mustRun(t, append(args, "--dry-run")...)
	mustContain(t, clean, "NER: 36 train / 4 val", "CLS: 36 train / 4 val")
	spoil(t, synth.NERFile, func(content string) string { return badLines + content })
	spoil(t, synth.CasesFile, func(content string) string {
		return strings.Replace(content, `"category"`, `"category":"","class"`, 1)
	})

	code, stdout, stderr := command(args...)
	want := []string{
		"train: read data: 4 records can't be used (empty or missing field 1, not valid JSON 1, span outside the text 1, unknown label 1):",
		"data/" + synth.NERFile + ": record 1, line 1: not valid JSON: ",
		synth.NERFile + ": record 2, line 3: entity 1: span [1, 9) isn't inside the text of 5 characters",
		synth.NERFile + `: record 3, line 4: task ner: unknown entity label "PERSON"; want one of [NAME`,
		synth.CasesFile + ": record 1, line 2: category is empty", "--skip-bad-records", "--check-data",
	}
	if code != 1 || strings.Contains(stdout, "vocabulary") || strings.Count(stderr, "\n") != 6 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	mustContain(t, stderr, want...)

	code, stdout, stderr = command(append(args, "--skip-bad-records")...)
	if code != 0 || strings.Count(stderr, "\n") != 2 {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stderr, synth.NERFile+": left out 3 of 43 records: not valid JSON 1, span outside the text 1, unknown label 1", synth.CasesFile+": left out 1 of 40 records: ")
	mustContain(t, stdout, "NER: 36 train / 4 val", "CLS: 35 train / 4 val", "NER  token filter : kept 40/43 (93.0%) — 0 over-length removed")
	for name, want := range map[string]string{"filter_ner_skipped": "3", "filter_cls_skipped": "1", "filter_ner_before": "43", "filter_ner_removed": "0"} {
		matches, err := filepath.Glob("mlruns/*/*/params/" + name)
		if err != nil || len(matches) != 1 {
			t.Errorf("%s: %v, %v", name, matches, err)
			continue
		}
		if got, err := os.ReadFile(matches[0]); err != nil || string(got) != want {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
	// What is held out is numbered as in the file.
	for _, row := range table(t, "attention_fusion_model/held_out_ner.csv")[1:] {
		if row[0] == "1" || row[0] == "2" || row[0] == "3" {
			t.Errorf("record %s is held out; it can't be used", row[0])
		}
	}
	// A teacher isn't asked about them.
	code, _, stderr = command(append(args, "--skip-bad-records", "--set", "task=distill", "--set", "output.model_dir=student",
		"--set", "distill={cache_dir: cache, teachers: {ner: {model: attention_fusion_model}, cls: {model: attention_fusion_model}}}")...)
	if code != 0 {
		t.Errorf("distillation: exit code %d, stderr %q", code, stderr)
	}
}

func TestABrokenFileCantBeSkipped(t *testing.T) {
	config := inRepo(t, "classification.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 1, 60, 1)
	spoil(t, synth.CasesFile, func(content string) string { return content[:len(content)/2] })
	for _, flag := range []string{"--dry-run", "--skip-bad-records"} {
		code, _, stderr := command(append(settings(config), flag)...)
		if code != 1 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q; want 1 and one line", flag, code, stderr)
		}
		mustContain(t, stderr, "the file ends inside the record; nothing after that can be read; mend the file")
	}
	code, stdout, _ := command(append(settings(config), "--check-data")...)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustContain(t, stdout, "problems   not valid JSON 1", "nothing after that can be read")
}

func TestCheckData(t *testing.T) {
	configs := inRepo(t, "multitask.yaml", "classification.yaml")
	config, cases := configs[0], configs[1]
	t.Chdir(t.TempDir())
	demo(t, 40, 40, 40)
	args := append(settings(config), "--check-data")
	stdout := mustRun(t, args...)
	mustContain(t, stdout, "data/"+synth.NERFile+" (ner)", "records    40, of which 0 can't be used", "quartiles", "0 records are longer than 512",
		"split      36 train / 4 val", "same text  0 records repeat an earlier one's\n", "NER ner (words):\n    O ", "CLS main (records):", "QA closing (records with yes):",
		"fewer than 5: ", "problems   none")
	for _, name := range []string{"attention_fusion_model", "mlruns"} {
		if _, err := os.Stat(name); !os.IsNotExist(err) {
			t.Errorf("%s was made", name)
		}
	}

	spoil(t, synth.NERFile, func(content string) string { return content + content + badLines + strings.Repeat(badLines, 7) })
	code, stdout, stderr := command(args...)
	if code != 1 || stderr != "train: check data: training would refuse 1 of 3 files as they are\n" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stdout, "records    104, of which 24 can't be used", "same text  40 records repeat an earlier one's; trained on as well: ",
		"problems   not valid JSON 8, span outside the text 8, unknown label 8", "record 81, line 81: not valid JSON", "… and 4 more\n")
	if strings.Contains(stdout+stderr, "Amina ") {
		t.Error("a transcript was printed")
	}
	code, stdout, _ = command(append(settings(cases), "--check-data")...)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustContain(t, stdout, "  split      test_size 0.1 leaves 2 records to the test share", `don't stratify by sub (data.stratify: "")`, "problems   none")
}

// The same text in training and validation makes scores too good.
func TestSameTextIsWarnedOf(t *testing.T) {
	config := inRepo(t, "qa.yaml")[0]
	t.Chdir(t.TempDir())
	demo(t, 1, 1, 40)
	mustRun(t, append(settings(config), "--dry-run")...)
	spoil(t, synth.QAFile, func(content string) string {
		again := strings.ReplaceAll(content[1:], `"sample_id":"qa_`, `"sample_id":"again_`)
		return strings.TrimRight(content, "]\n") + "," + again
	})
	code, stdout, stderr := command(append(settings(config), "--dry-run")...)
	if code != 0 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	mustContain(t, stdout, "QA:  57 train / 7 val / 16 test")
	mustContain(t, stderr, "train: warning: data/"+synth.QAFile+": the texts of ", " of 7 validation and ", " of 16 test records are trained on as well")
}
