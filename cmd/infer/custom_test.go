package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// TestModelWithOwnTasks runs the command on a model of ner and two tasks of a
// user's.
func TestModelWithOwnTasks(t *testing.T) {
	own := tinymodel.Custom(t)
	dir := modelDir(t, slices.Concat(testTasks()[:1], own[1:3]))
	all := infer("", "--model", dir, "--text", "my son was beaten", "--format", "json", "--scores")
	var object struct {
		NER    []map[string]any
		QA     any
		Tasks  map[string]map[string]json.RawMessage
		Scores struct {
			Tasks map[string]map[string]map[string]float64
		}
	}
	if err := json.Unmarshal([]byte(all.out), &object); err != nil || all.code != cli.OK || all.err != "" {
		t.Fatalf("%v: %+v", err, all)
	}
	if len(object.NER) != 4 || object.QA != nil || len(object.Tasks) != 2 || len(object.Tasks["mood"]) != 2 {
		t.Errorf("got %s", all.out)
	}
	var flags map[string]int
	if err := json.Unmarshal(object.Tasks["risk_signs"]["needs"], &flags); err != nil || len(flags) != 2 {
		t.Errorf("%v: risk_signs.needs is %v", err, flags)
	}
	for label, flag := range flags {
		if p := object.Scores.Tasks["risk_signs"]["needs"][label]; flag == 1 != (p > 0.5) || !(p > 0 && p < 1) {
			t.Errorf("%s is %d with probability %g", label, flag, p)
		}
	}
	mood := infer("", "--model", dir, "--text", "my son was beaten", "--tasks", "mood")
	if want := fmt.Sprintf(`{"tasks":{"mood":{"caller":%s,"priority":%s}}}`+"\n", object.Tasks["mood"]["caller"], object.Tasks["mood"]["priority"]); mood.out != want {
		t.Errorf("--tasks mood: %+v, want %s", mood, want)
	}
	table := infer("my son\n", "--model", dir, "--input", "-", "--tasks", "ner,risk_signs", "--format", "csv")
	want := slices.Concat([]string{
		"id", "risk_signs.opening: Use of call opening phrase", "risk_signs.opening: weapon", "risk_signs.needs: shelter", "risk_signs.needs: =food",
	}, tasks.NERLabels()[1:], []string{"truncated"})
	if got := filetest.Table(t, table.out); table.code != cli.OK || !slices.Equal(got[0], want) || len(got) != 2 {
		t.Errorf("csv: %+v", table)
	}
	text := infer("", "--model", dir, "--text", "my son", "--format", "text")
	if text.code != cli.OK || !strings.Contains(text.out, "\nMood\n  Caller    ") || !strings.Contains(text.out, "\nRisk signs\n  Opening  ") || strings.Contains(text.out, "critical") {
		t.Errorf("text: %+v", text)
	}
	missing := infer("", "--model", dir, "--text", "SECRET", "--tasks", "qa")
	if want := "infer: --tasks: no task \"qa\" in this model; it has [ner mood risk_signs]\n"; missing.code != cli.Failure || missing.err != want {
		t.Errorf("--tasks qa: %+v, want %s", missing, want)
	}
}
