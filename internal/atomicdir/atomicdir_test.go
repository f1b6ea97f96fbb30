package atomicdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/filetest"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// /proc is a file system that can't flush folders, nor files.
func TestSyncWhereFoldersCannotBeFlushed(t *testing.T) {
	if err := Sync("/proc/self"); err != nil {
		t.Errorf("a folder: %v", err)
	}
	if err := Sync("/proc/self/status"); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a file: %v", err)
	}
	if err := Sync("/proc/self/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

func TestReplace(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "model")
			r := replacing(way, func(point) {})
			if way == fileByFile {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, text := range []string{"first", "second"} {
				if err := r.do(dir, func(tmp string) error { write(t, tmp, "weights", text); return nil }); err != nil {
					t.Fatal(err)
				}
				if got := read(t, dir, "weights"); got != text {
					t.Errorf("weights = %q, want %q", got, text)
				}
				write(t, dir, "notes.txt", "mine")
			}
			if got := read(t, dir, "notes.txt"); got != "mine" {
				t.Errorf("another's file = %q, want it kept", got)
			}
			filetest.Holds(t, filepath.Dir(dir), "model")
			filetest.Holds(t, dir, "notes.txt", "weights")
		})
	}
}

func TestReplaceFailureKeepsOld(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	if err := Replace(dir, func(tmp string) error { write(t, tmp, "weights", "old"); return nil }); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := Replace(dir, func(tmp string) error { write(t, tmp, "weights", "ne"); return full })
	if !errors.Is(err, full) {
		t.Errorf("error = %v, want %v", err, full)
	}
	if got := read(t, dir, "weights"); got != "old" {
		t.Errorf("weights = %q, want the old ones", got)
	}
	filetest.Holds(t, filepath.Dir(dir), "model")
}

func TestClean(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "model")
	for _, name := range []string{"model", ".model.tmp-123", ".other.tmp-1"} {
		if err := os.Mkdir(filepath.Join(parent, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	filetest.Holds(t, parent, ".other.tmp-1", "model")
}

// Of the old folder's files the stale ones go, unless the new folder has them; all others
// stay. Beside a folder of others the files are replaced one by one.
func TestReplaceAll(t *testing.T) {
	for name, others := range map[string]bool{"exchanged": false, "file by file": true} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "calls")
			want := map[string]string{"a.txt": "new", "annotation.conf": "old"}
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"a.txt", "b.txt", "annotation.conf"} {
				write(t, dir, file, "old")
			}
			if others {
				if err := os.Mkdir(filepath.Join(dir, "c.txt"), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			err := ReplaceAll(dir, func(name string) bool { return filepath.Ext(name) == ".txt" }, func(tmp string) error {
				return os.WriteFile(filepath.Join(tmp, "a.txt"), []byte("new"), 0o666)
			})
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range want {
				if got := read(t, dir, file); got != text {
					t.Errorf("%s: %q, want %q", file, got, text)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "b.txt")); !os.IsNotExist(err) {
				t.Errorf("a stale file is still there: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "c.txt")); others && err != nil {
				t.Errorf("a folder of others: %v", err)
			}
		})
	}
}
