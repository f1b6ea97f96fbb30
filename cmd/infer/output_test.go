package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/disktest"
)

// Where the answers can't go is found before the model is read.
func TestOutputsAreRefusedFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"calls.txt": "Hello\n", "file": "a file"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"dangling": "nowhere", "again.txt": "calls.txt"} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("model", 0o777); err != nil { // it holds nothing
		t.Fatal(err)
	}
	for output, want := range map[string]struct {
		code int
		err  string
	}{
		"calls.txt":    {cli.Misuse, "is a file of --input"},
		"./again.txt":  {cli.Misuse, "is a file of --input"},
		"dangling":     {cli.Failure, "dangling is a link to nowhere, which isn't there"},
		"none/out.txt": {cli.Failure, "no such file or directory"},
		"file/out.txt": {cli.Failure, "not a directory"},
		".":            {cli.Failure, ". is a directory"},
	} {
		got := infer("", "--model", "model", "--input", "calls.txt", "--output", output)
		if got.code != want.code || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, want.err) {
			t.Errorf("%s: %+v, want code %d and %q", output, got, want.code, want.err)
		}
	}
	if text, err := os.ReadFile("calls.txt"); string(text) != "Hello\n" {
		t.Errorf("the calls are %q, %v", text, err)
	}
}

// A file that is mounted, as into a container, can't be replaced.
func TestMountedOutput(t *testing.T) {
	disktest.OnSmallDisk(t, 100_000, func(disk string) {
		source, target := filepath.Join(disk, "source"), filepath.Join(disk, "out.jsonl")
		for _, path := range []string{source, target} {
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}()
		got := infer("", "--model", disk, "--text", "Hello", "--output", target)
		if got.code != cli.Failure || !strings.Contains(got.err, "mount its folder") {
			t.Errorf("%+v", got)
		}
		if got := infer("", "--model", disk, "--text", "Hello", "--output", source); strings.Contains(got.err, "mount") {
			t.Errorf("beside it: %+v", got)
		}
	})
}
