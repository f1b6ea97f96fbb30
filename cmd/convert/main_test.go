package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// call runs the command and gives its exit code, output and errors.
func call(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &err})
	return code, out.String(), err.String()
}

const amina = `[{"id": 1, "data": {"text": "I am Amina"}, "annotations": [{"result": [
	{"from_name": "label", "to_name": "text", "type": "labels", "value": {"start": 5, "end": 10, "text": "Amina", "labels": ["NAME"]}}]}]},
	{"id": 2, "data": {"text": "not yet"}, "annotations": []}]`

// What is converted can be trained on.
func TestConverts(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"export.json": amina})
	out := filepath.Join(dir, "ner.jsonl")
	args := []string{"--from", "labelstudio", "--input", filepath.Join(dir, "export.json"), "--to", "ner", "--output", out}
	code, stdout, stderr := call("", args...)
	if want := "convert: 1 of 2 records written; offsets count codepoint\nconvert: left out: not labelled (1)\n"; code != cli.OK || stdout != "" || stderr != want {
		t.Fatalf("exit code %d, %q, %q; want %q", code, stdout, stderr, want)
	}
	records, err := datasets.Load(t.Context(), datasets.Source{Path: out, Tasks: []tasks.Task{tasks.NER(tasks.NERLabels())}})
	if err != nil || len(records.Texts) != 1 || len(records.Warnings) > 0 {
		t.Errorf("%d records, %v, %v", len(records.Texts), records.Warnings, err)
	}
	if code, _, stderr := call("", args...); code != cli.Failure || !strings.Contains(stderr, "already there: "+out) {
		t.Errorf("again: exit code %d, %q", code, stderr)
	}
	if code, _, stderr := call("", append(args, "--force")...); code != cli.OK {
		t.Errorf("with --force: exit code %d, %q", code, stderr)
	}
	code, stdout, stderr = call("", "--from", "ner", "--input", out, "--to", "brat", "--output", filepath.Join(dir, "brat"))
	if code != cli.OK || stdout != "" {
		t.Fatalf("brat: exit code %d, %q", code, stderr)
	}
	filetest.Holds(t, filepath.Join(dir, "brat"), "1.ann", "1.txt")
}

func TestStreams(t *testing.T) {
	code, stdout, stderr := call(amina, "--from", "labelstudio", "--input", "-", "--to", "doccano", "--keep-unlabelled")
	if want := `{"id": "1", "text": "I am Amina", "label": [[5,10,"NAME"]]}` + "\n" + `{"id": "2", "text": "not yet"}` + "\n"; code != cli.OK || stdout != want {
		t.Errorf("exit code %d, %q, %q; want %q", code, stdout, stderr, want)
	}
	code, stdout, stderr = call(amina, "--from", "labelstudio", "--input", "-", "--to", "ner", "--check")
	if code != cli.OK || stdout != "" || !strings.Contains(stderr, "1 of 2 records can be written") {
		t.Errorf("--check: exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = call(amina, "--from", "labelstudio", "--input", "-", "--to", "labelstudio", "--as", "annotations", "--map", "NAME=WHO")
	if code != cli.OK || !strings.Contains(stdout, `"WHO"`) || !strings.Contains(stdout, `"annotations"`) {
		t.Errorf("--map: exit code %d, %q, %q", code, stdout, stderr)
	}
}

func TestExitCodes(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no format":    {[]string{"--from", "labelstudo", "--input", "-", "--to", "ner"}, cli.Misuse, "did you mean labelstudio?"},
		"only read":    {[]string{"--from", "labelstudio", "--input", "-", "--to", "docbin"}, cli.Misuse, "docbin can't be written"},
		"no input":     {[]string{"--from", "labelstudio", "--to", "ner"}, cli.Misuse, "--input"},
		"missing":      {[]string{"--from", "labelstudio", "--input", "/nowhere", "--to", "ner"}, cli.Failure, "/nowhere"},
		"bad unit":     {[]string{"--from", "labelstudio", "--input", "-", "--to", "ner", "--offset-unit", "utf8"}, cli.Misuse, `offset unit "utf8"`},
		"lossy":        {[]string{"--from", "labelstudio", "--input", "-", "--to", "conll"}, cli.Failure, "ids (1)"},
		"wrong format": {[]string{"--from", "doccano", "--input", "-", "--to", "ner"}, cli.Failure, "record 1, line 1: no field \"text\""},
	} {
		code, stdout, stderr := call(amina, test.args...)
		if code != test.code || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: exit code %d, %q, %q; want %d with %q", name, code, stdout, stderr, test.code, test.want)
		}
	}
}

// A conversion that fails leaves no file.
func TestWholeOrAbsent(t *testing.T) {
	dir := t.TempDir()
	code, _, _ := call(amina+"x", "--from", "labelstudio", "--input", "-", "--to", "ner", "--output", filepath.Join(dir, "ner.jsonl"))
	if entries, err := os.ReadDir(dir); code != cli.Failure || err != nil || len(entries) > 0 {
		t.Errorf("exit code %d, %d files, %v", code, len(entries), err)
	}
}

// The names of own tasks are formats.
func TestOwnTask(t *testing.T) {
	dir := filetest.Folder(t, map[string]string{"tasks.yaml": "task: multitask\ntasks:\n  - {name: mood, kind: multiclass, file: mood.jsonl, heads: [{name: caller, labels: [calm, upset]}]}\n"})
	code, stdout, stderr := call(`{"text": "Hello", "label": ["calm"]}`, "--config", filepath.Join(dir, "tasks.yaml"), "--from", "doccano", "--input", "-", "--to", "mood")
	if want := `{"text": "Hello", "caller": "calm"}` + "\n"; code != cli.OK || stdout != want {
		t.Errorf("exit code %d, %q, %q; want %q", code, stdout, stderr, want)
	}
}
