package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// TestSingleTaskModels reads what the trainers of one task write.
func TestSingleTaskModels(t *testing.T) {
	cls := testTasks()[1].Heads
	for name, test := range map[string]struct {
		encoder string
		task    tasks.Task
		keys    []string // in JSON
		column  string
	}{
		"ner": {"distilbert", tasks.SingleNER(tasks.NERLabels()), []string{"entities", "ner"}, "NAME"},
		"cls": {"distilbert", tasks.SingleCLS(tasks.CaseLabels{
			Main: cls[0].Labels, Sub: cls[1].Labels, Intervention: cls[2].Labels, Priority: cls[3].Labels,
		}), []string{"classification"}, "main_category"},
		"qa": {"bert", tasks.SingleQA(), []string{"qa"}, "opening: Use of call opening phrase"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := modelDirOf(t, test.encoder, []tasks.Task{test.task})
			got := infer("my son\n", "--model", dir, "--input", "-")
			var object map[string]any
			if err := json.Unmarshal([]byte(got.out), &object); err != nil || got.code != cli.OK || got.err != "" {
				t.Fatalf("%v: %+v", err, got)
			}
			if keys := slices.Sorted(maps.Keys(object)); !slices.Equal(keys, test.keys) {
				t.Errorf("it says %v, want %v", keys, test.keys)
			}
			if same := infer("my son\n", "--model", dir, "--input", "-", "--tasks", name); same.out != got.out {
				t.Errorf("--tasks %s: %+v", name, same)
			}
			if table := infer("my son\n", "--model", dir, "--input", "-", "--format", "csv"); !strings.HasPrefix(table.out, "id,"+test.column+",") {
				t.Errorf("csv: %+v", table)
			}
			other := infer("my son\n", "--model", dir, "--input", "-", "--tasks", "mood")
			if want := "infer: --tasks: no task \"mood\" in this model; it has [" + name + "]\n"; other.code != cli.Failure || other.err != want {
				t.Errorf("--tasks mood: %+v, want %s", other, want)
			}
		})
	}
}

// TestTokenClassification reads a directory as Hugging Face's Trainer leaves
// it: no label maps, and config.json has the labels.
func TestTokenClassification(t *testing.T) {
	dir := modelDirOf(t, "distilbert", []tasks.Task{tasks.SingleNER(tasks.NERLabels())})
	want := infer("Hello, Mwakamba\n", "--model", dir, "--input", "-", "--scores")
	path := filepath.Join(dir, fusion.ConfigFile)
	var config map[string]any
	if err := json.Unmarshal([]byte(readFile(t, path)), &config); err != nil {
		t.Fatal(err)
	}
	delete(config, "trident")
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, fusion.LabelMapsFile)); err != nil {
		t.Fatal(err)
	}
	got := infer("Hello, Mwakamba\n", "--model", dir, "--input", "-", "--scores")
	if got != want || got.code != cli.OK || !strings.HasPrefix(got.out, `{"ner":[{"token":"Hello",`) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
