package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCopyModule(t *testing.T) {
	src, dst := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for _, name := range []string{
		"init.go", "ts/tensor.go", "ts/tensor_test.go", "libtch/api.h", "example/mnist/main.go", "gen/gen.ml", "nn/gen/kept.go",
	} {
		path := filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyModule(src, dst); err != nil {
		t.Fatal(err)
	}

	var got []string
	err := filepath.WalkDir(dst, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dst, path)
		got = append(got, rel)
		if data, err := os.ReadFile(path); err != nil || string(data) != rel {
			t.Errorf("%s holds %q, %v", rel, data, err)
		}
		if info, err := entry.Info(); err != nil || info.Mode().Perm()&0o200 == 0 {
			t.Errorf("%s cannot be written by its owner: %v, %v", rel, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"init.go", "libtch/api.h", "nn/gen/kept.go", "ts/tensor.go"}; !slices.Equal(got, want) {
		t.Errorf("copied %q, want %q", got, want)
	}
}

func TestRunRefusesAnExistingFolder(t *testing.T) {
	dst := t.TempDir()
	kept := filepath.Join(dst, "kept")
	if err := os.WriteFile(kept, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(dst); err == nil {
		t.Error("no error for a folder that exists")
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}
