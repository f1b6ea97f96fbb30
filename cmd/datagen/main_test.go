package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// call runs the command and gives its exit code, output and errors.
func call(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err})
	return code, out.String(), err.String()
}

func small(dir string, more ...string) []string {
	return append([]string{"--out", dir, "--ner", "3", "--cases", "4", "--qa", "5", "--short"}, more...)
}

func TestWritesThreeFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	code, stdout, stderr := call(small(dir)...)
	if code != cli.OK || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	for _, path := range synth.Files(dir) {
		if !strings.Contains(stdout, path) {
			t.Errorf("the output doesn't name %s:\n%s", path, stdout)
		}
	}
	for i, want := range []int{3, 4, 5} {
		task := []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(tasks.CaseLabels{}), tasks.QA()}[i]
		records, err := datasets.Load(t.Context(), datasets.Source{Path: synth.Files(dir)[i], Tasks: []tasks.Task{task}})
		if err != nil || len(records.Texts) != want {
			t.Errorf("%s: %d records, %v; want %d", task.Name, len(records.Texts), err, want)
		}
	}
}

func TestWritesLongCalls(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if code, _, stderr := call("--out", dir, "--ner", "2", "--cases", "0", "--qa", "0", "--long"); code != cli.OK {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	data, err := os.ReadFile(synth.Files(dir)[0])
	if words := len(strings.Fields(string(data))); err != nil || words < 2500 {
		t.Errorf("two calls of %d words, %v", words, err)
	}
}

func TestRefusesToOverwrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, synth.CasesFile)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := call(small(dir)...)
	if code != cli.Failure || !strings.Contains(stderr, path) || !strings.Contains(stderr, "--force") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	if code, _, stderr := call(small(dir, "--force")...); code != cli.OK {
		t.Fatalf("with --force: exit code %d, %q", code, stderr)
	}
	data, err := os.ReadFile(path)
	var cases []datasets.CaseRecord
	if err := errors.Join(err, json.Unmarshal(data, &cases)); err != nil || len(cases) != 4 {
		t.Errorf("with --force: %d cases, %v", len(cases), err)
	}
}

func TestExitCodes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string // parts
	}{
		"help":          {[]string{"--help"}, cli.OK, "--short", ""},
		"unknown flag":  {[]string{"--bogus"}, cli.Misuse, "", "--bogus"},
		"negative":      {[]string{"--out", file + "2", "--ner=-3"}, cli.Misuse, "", "--ner must not be negative"},
		"seed below 0":  {[]string{"--out", file + "2", "--seed", "-1"}, cli.Misuse, "", "--seed: want a whole number from 0 to "},
		"seed=-1":       {[]string{"--out", file + "2", "--seed=-1"}, cli.Misuse, "", `got "-1"`},
		"no seed":       {[]string{"--out", file + "2", "--seed"}, cli.Misuse, "", "--seed"},
		"out is empty":  {[]string{"--out", ""}, cli.Misuse, "", "--out wants a folder"},
		"not a number":  {[]string{"--qa", "many"}, cli.Misuse, "", "--qa"},
		"two lengths":   {small(file+"2", "--long"), cli.Misuse, "", "--short and --long"},
		"a stray word":  {[]string{"data"}, cli.Misuse, "", "data"},
		"out is a file": {small(file), cli.Failure, "", file},
	} {
		code, stdout, stderr := call(c.args...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: exit code %d, output %q, errors %q", name, code, stdout, stderr)
		}
		if code != cli.OK && strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %q isn't one line", name, stderr)
		}
	}
}

func TestInterruptedLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := command{Out: dir, NER: 100, Cases: 100, QA: 100}
	var out bytes.Buffer
	err := c.Run(ctx, cli.Streams{Out: &out, Err: &out})
	if err == nil || !strings.Contains(err.Error(), "no unfinished file") || out.Len() > 0 {
		t.Errorf("%v, %q", err, &out)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
}

// What stands in the folder's place stays as it is.
func TestFoldersInTheWay(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Symlink("nowhere", "link"), os.WriteFile("file", []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{"link": "link is a link to nowhere, which isn't there", "file": "not a directory", "file/data": "not a directory"} {
		code, _, stderr := call(small(dir)...)
		if code != cli.Failure || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q; want %q", dir, code, stderr, want)
		}
	}
	if target, err := os.Readlink("link"); err != nil || target != "nowhere" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	if text, err := os.ReadFile("file"); err != nil || string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
