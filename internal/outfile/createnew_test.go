package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestCreateNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	begin := func() File {
		t.Helper()
		f, err := CreateNew(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("all of it")); err != nil {
			t.Fatal(err)
		}
		return f
	}
	begin().Discard()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v are left", entries, err)
	}
	late := begin()
	f := begin()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it is there before it is finished")
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Discard()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := late.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file is overwritten: %v", err)
	}
	late.Discard()
	if _, err := CreateNew(path); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	data, err := os.ReadFile(path)
	if entries, _ := os.ReadDir(dir); err != nil || string(data) != "all of it" || len(entries) != 1 {
		t.Errorf("%q, %v, %v", data, err, entries)
	}
}
