package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// calibrated writes a calibration into a model's folder.
func calibrated(t *testing.T, dir string) {
	t.Helper()
	hash, err := fusion.HashDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := []calibrate.Set{{Coverage: 0.9, Score: 1}}
	c := &calibrate.Calibration{Model: hash, LanguageField: "lang", Heads: map[string]map[string]calibrate.Head{
		"ner": {"ner": {Temperature: 3}},
		"cls": {"priority": {Temperature: 4, Sets: []calibrate.Set{{Coverage: 0.9, Score: 0}}, Languages: map[string][]calibrate.Set{"sw": all}}, "main": {Temperature: 0.5}},
		"qa":  {"opening": {Temperature: 2}},
	}, Thresholds: []calibrate.Threshold{{Task: "cls", Head: "priority", Label: "1", Recall: 0.95, Probability: 0.001}}}
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
}

// answers parses JSON Lines.
func answers(t *testing.T, text string) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range strings.Lines(text) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

func TestCalibrated(t *testing.T) {
	model := modelDir(t, testTasks())
	calls := `{"text": "Hello my name is Mwakamba", "lang": "sw"}
{"text": "my son was beaten", "lang": "en"}
{"text": "from Kisumu"}
`
	before := infer(calls, "--model", model, "--input", "-", "--input-format", "jsonl", "--scores")
	calibrated(t, model)
	after := infer(calls, "--model", model, "--input", "-", "--input-format", "jsonl", "--scores")
	if before.code != cli.OK || after.code != cli.OK || after.err != "" {
		t.Fatalf("%+v\n%+v", before, after)
	}
	is, was := answers(t, after.out), answers(t, before.out)
	for i := range is {
		for _, part := range []string{"ner", "classification", "qa"} {
			if !reflect.DeepEqual(is[i][part], was[i][part]) {
				t.Errorf("call %d: %s changed", i+1, part)
			}
		}
		if reflect.DeepEqual(is[i]["scores"], was[i]["scores"]) || is[i]["calibrated"] != true || was[i]["calibrated"] != nil {
			t.Errorf("call %d: calibrated: %v", i+1, is[i]["calibrated"])
		}
		sets := is[i]["sets"].(map[string]any)["cls"].(map[string]any)["priority"].(map[string]any)["0.9"].([]any)
		if want := map[bool]int{true: 3, false: 1}[i == 0]; len(sets) != want {
			t.Errorf("call %d: set %v, want %d labels", i+1, sets, want)
		}
		if is[i]["suspected"] == nil || was[i]["suspected"] != nil {
			t.Errorf("call %d: suspected %v", i+1, is[i]["suspected"])
		}
	}
	table := "lang;text\nsw;Hello my name\n;my son\n"
	if got := answers(t, infer(table, "--model", model, "--input", "-", "--input-format", "csv", "--format", "jsonl", "--tasks", "cls").out); len(got) != 2 || reflect.DeepEqual(got[0]["sets"], got[1]["sets"]) {
		t.Errorf("sets of a table's calls: %v", got)
	}
}

func TestCalibrationOfAnotherModel(t *testing.T) {
	model := modelDir(t, testTasks())
	calibrated(t, model)
	if err := os.Rename(filepath.Join(model, calibrate.FileName), filepath.Join(t.TempDir(), "x")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(model, calibrate.FileName), []byte(`{"model": "other", "heads": {}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	got := infer("", "--model", model, "--text", "SECRET")
	if got.code != cli.Failure || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, "calibration.json: it is of another model; calibrate the model again with eval --calibrate") {
		t.Errorf("%+v", got)
	}
}

func TestReviewQueue(t *testing.T) {
	model := modelDir(t, testTasks())
	var calls strings.Builder
	for _, text := range []string{"Hello my name is Mwakamba", "my son was beaten", "from Kisumu", "Hello my name is Mwakamba", "", "he was beaten . my name"} {
		line, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		calls.Write(append(line, '\n'))
	}
	args := []string{"--model", model, "--input", "-", "--input-format", "jsonl", "--review-queue"}
	got := infer(calls.String(), append(args, "--mark-bad-records")...)
	list := answers(t, got.out)
	if got.code != cli.OK || len(list) != 6 {
		t.Fatalf("%+v", got)
	}
	seen := map[float64]bool{}
	cost, call := 100.0, 0.0
	for _, one := range list[:5] {
		review := one["review"].(map[string]any)
		next, number := review["cost"].(float64), one["call"].(float64)
		if next > cost || next == cost && number < call {
			t.Errorf("call %g with cost %g after call %g with cost %g", number, next, call, cost)
		}
		if len(review["reasons"].([]any)) == 0 || seen[number] {
			t.Errorf("call %g: %v", number, review)
		}
		cost, call, seen[number] = next, number, true
	}
	if last := list[5]; last["call"] != 5.0 || last["error"] == nil || last["review"] != nil {
		t.Errorf("the call that can't be read: %v", last)
	}
	again := infer(calls.String(), append(args, "--mark-bad-records")...)
	if again.out != got.out {
		t.Error("another run has another order")
	}
	csvOut := infer(strings.ReplaceAll(calls.String(), "{\"text\":\"\"}\n", ""), append(args, "--format", "csv")...)
	rows, err := csv.NewReader(strings.NewReader(csvOut.out)).ReadAll()
	if err != nil || len(rows) != 6 || rows[0][len(rows[0])-2] != "review cost" {
		t.Errorf("%v, %+v", err, csvOut)
	}
	if got := infer("", "--model", model, "--input", filepath.Join(model, "vocab.txt"), "--review-queue", "--shard", "0/2", "--output", "x"); got.code != cli.Misuse || !strings.Contains(got.err, "--review-queue") {
		t.Errorf("with shards: %+v", got)
	}
}

func TestUnknownWordsWarn(t *testing.T) {
	model := modelDir(t, testTasks())
	got := infer("", "--model", model, "--text", "Hello SECRET", "--format", "jsonl", "--tasks", "cls")
	if got.code != cli.OK || !strings.Contains(got.err, "many words aren't in the model's vocabulary: 1 of 1") || strings.Contains(got.err, "SECRET") {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.out, `"warnings":[{"kind":"unknown_words","share":0.5}]`) {
		t.Errorf("%s", got.out)
	}
}
