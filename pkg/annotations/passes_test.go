package annotations

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/filetest"
)

const twoCalls = `{"text": "I am Amina", "entities": [{"start": 5, "end": 10, "label": "NAME"}]}` + "\n" + `{"text": "Hello", "entities": []}` + "\n"

// namedPipe makes a pipe that nobody writes to, and frees whoever waits for a writer at the
// end of the test.
func namedPipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
			_ = f.Close()
		}
	})
	return path
}

// A pipe can be read once only; convert needs its content several times.
func TestPipe(t *testing.T) {
	path := namedPipe(t)
	go func() { _ = os.WriteFile(path, []byte(twoCalls), 0o600) }()
	in, err := File(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	s, err := Convert(t.Context(), in, mustFind(t, "ner"), Output{W: &out}, mustFind(t, "doccano"), Options{})
	if err != nil || s.Written != 2 || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("%+v, %v: %s", s, err, out.String())
	}
	for _, err := range Read(t.Context(), in, mustFind(t, "ner"), Options{}) { // what was read stays
		if err != nil {
			t.Error(err)
		}
		s.Written--
	}
	if s.Written != 0 {
		t.Errorf("%d calls are missing when the pipe is read again", s.Written)
	}
}

// Waiting for a pipe's writer ends with the context.
func TestPipeWithoutWriter(t *testing.T) {
	in, err := File(namedPipe(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Convert(ctx, in, mustFind(t, "ner"), Output{}, mustFind(t, "doccano"), Options{CheckOnly: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A file that changes between the passes is refused, and the old output stays.
func TestInputChanges(t *testing.T) {
	for name, changed := range map[string]string{
		"other text":  strings.Replace(twoCalls, "Hello", "Howdy", 1),
		"fewer calls": twoCalls[:strings.Index(twoCalls, "\n")+1],
		"none":        "",
		"blank lines": twoCalls + "\n\n",
	} {
		dir := filetest.Folder(t, map[string]string{"in.jsonl": twoCalls, "out.jsonl": "old"})
		path, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl")
		in, err := File(path)
		if err != nil {
			t.Fatal(err)
		}
		passed := false
		o := Options{Progress: func(done, total int64) {
			if !passed && 2*done >= total {
				passed = true
				if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
					t.Error(err)
				}
			}
		}}
		_, err = Convert(t.Context(), in, mustFind(t, "ner"), Output{Path: out}, mustFind(t, "doccano"), o)
		if err == nil || !strings.Contains(err.Error(), path+": it changed while it was read") {
			t.Errorf("%s: error %v", name, err)
		}
		if got, err := os.ReadFile(out); string(got) != "old" || err != nil {
			t.Errorf("%s: the output is %q, %v", name, got, err)
		}
	}
}
