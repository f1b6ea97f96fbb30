package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layOut makes empty files in a new working directory.
func layOut(t *testing.T, files ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, path := range files {
		write(t, path, "")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPathsFromTheConfigurationsFolder(t *testing.T) {
	const text = `
task: distill
data: {ner_path: ../data/ner.jsonl, classification_path: here.json, qa_path: nowhere.json}
backbone: {model_name: encoder}
tasks: [{use: ner}, {name: mood, kind: multiclass, file: mood.jsonl, heads: [{name: caller}]}]
distill: {teachers: {ner: {model: ../teacher}}}
output: {model_dir: fusion/model}
`
	layOut(t, "data/ner.jsonl", "here.json", "fusion/mood.jsonl", "fusion/encoder/config.json", "teacher/config.json", "fusion/fusion/model/config.json")
	write(t, "fusion/config.yaml", text)
	c, notes, err := Load("fusion/config.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, c := range map[string]struct{ got, want string }{
		"ner_path":            {c.Data.NERPath, "data/ner.jsonl"},
		"classification_path": {c.Data.ClassificationPath, "here.json"},
		"qa_path":             {c.Data.QAPath, "nowhere.json"},
		"file":                {c.Tasks[1].File, "fusion/mood.jsonl"},
		"model_name":          {c.Backbone.ModelName, "fusion/encoder"},
		"teacher":             {c.Distill.Teachers["ner"].Model[0], "teacher"},
		"model_dir":           {c.Output.ModelDir, "fusion/model"}, // written: never beside the configuration
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", key, c.got, c.want)
		}
	}
	var said []string
	for _, n := range notes {
		if n.Warning {
			t.Errorf("a warning: %s", n.Text)
		}
		said = append(said, n.Text)
	}
	want := []string{
		"fusion/config.yaml: backbone.model_name: reading fusion/encoder (encoder from the configuration's folder)",
		"fusion/config.yaml: data.ner_path: reading data/ner.jsonl (../data/ner.jsonl from the configuration's folder)",
		"fusion/config.yaml: distill.teachers.ner.model: reading teacher (../teacher from the configuration's folder)",
		"fusion/config.yaml: tasks[2].file: reading fusion/mood.jsonl (mood.jsonl from the configuration's folder)",
	}
	if !slices.Equal(said, want) {
		t.Errorf("got notes\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

func TestWorkingDirectoryGoesFirst(t *testing.T) {
	layOut(t, "calls.json", "there/calls.json")
	write(t, "there/config.yaml", "data: {qa_path: calls.json}\n")
	c, notes, err := Load("there/config.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "there/config.yaml: data.qa_path: both calls.json and there/calls.json are there; the former is read, as the working directory goes first"
	if c.Data.QAPath != "calls.json" || len(notes) != 1 || !notes[0].Warning || notes[0].Text != want {
		t.Errorf("path %q, notes %v; want calls.json and %q", c.Data.QAPath, notes, want)
	}
}

func TestNothingToSayOfPaths(t *testing.T) {
	layOut(t, "calls.json", "config.yaml", "there/calls.json", "there/other.json", "there/distilbert-base-cased/notes.txt")
	absolute, err := filepath.Abs("there/calls.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../calls.json", "there/same.json"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("calls.json", "same.json"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config, text string
		set          []string
		want         string
	}{
		"in the working directory": {"config.yaml", "data: {qa_path: calls.json}", nil, "calls.json"},
		"the same file twice":      {"there/config.yaml", "data: {qa_path: same.json}", nil, "same.json"},
		"an absolute path":         {"there/config.yaml", "data: {qa_path: " + absolute + "}", nil, absolute},
		"by --set":                 {"there/config.yaml", "", []string{"data.qa_path=other.json"}, "other.json"},
		"a section by --set":       {"there/config.yaml", "", []string{"data={qa_path: other.json}"}, "other.json"},
		"no path":                  {"there/config.yaml", `data: {qa_path: ""}`, nil, ""},
	} {
		write(t, c.config, c.text)
		got, notes, err := Load(c.config, c.set)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case got.Data.QAPath != c.want || len(notes) > 0:
			t.Errorf("%s: path %q, notes %v; want %q", name, got.Data.QAPath, notes, c.want)
		case got.Backbone.ModelName != "distilbert-base-cased":
			t.Errorf("%s: the folder %s was taken for a model", name, got.Backbone.ModelName)
		}
	}
}

// --set training.x isn't about trainings.y, nor data about database.
func TestOverridden(t *testing.T) {
	for key, want := range map[string]bool{"data.qa_path": true, "data.qa_path_2": false, "tasks[1].file": true, "distill.teachers.ner.model": true, "data.ner_path": false} {
		if got := overridden(key, []string{"data.qa_path=x", "tasks=[]", "distill.teachers={}"}); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}
