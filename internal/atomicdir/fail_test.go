package atomicdir

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trident-nlp/trident/internal/disktest"
)

// save puts a file of so many bytes into dir.
func save(dir string, size int) error {
	return Replace(dir, func(tmp string) error {
		return os.WriteFile(filepath.Join(tmp, "weights"), bytes.Repeat([]byte("x"), size), 0o666)
	})
}

// keepsOld checks that a save failed with an error, and left what was there.
func keepsOld(t *testing.T, dir string, before map[string]string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || !strings.HasPrefix(got.Error(), "write "+dir+": ") || strings.Contains(got.Error(), "\n") {
		t.Errorf("error %v, want %v", got, want)
	}
	if !maps.Equal(contents(t, dir), before) {
		t.Error("the old folder has changed")
	}
	expectEntries(t, filepath.Dir(dir), "model")
}

func TestFullDisk(t *testing.T) { disktest.Alone(t, func() { fullDisk(t) }) }

func fullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	if err := save(dir, 10_000); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	disktest.WithFileLimit(t, 12_000, func() {
		keepsOld(t, dir, before, save(dir, 20_000), syscall.EFBIG)
	})
	if err := save(dir, 20_000); err != nil { // there is room again
		t.Error(err)
	}
}

func TestFullSmallDisk(t *testing.T) {
	disktest.OnSmallDisk(t, 100_000, func(disk string) {
		dir := filepath.Join(disk, "model")
		if err := save(dir, 40_000); err != nil {
			t.Fatal(err)
		}
		keepsOld(t, dir, contents(t, dir), save(dir, 80_000), syscall.ENOSPC)
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		keepsOld(t, dir, contents(t, dir), save(dir, 10), syscall.EROFS)
	})
}

func TestUnwritableFolder(t *testing.T) {
	parent := disktest.Folder(t)
	dir := filepath.Join(parent, "model")
	if err := save(dir, 10); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(parent, 0o555); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	var err error
	disktest.WithoutRoot(t, func() { err = save(dir, 20) })
	keepsOld(t, dir, before, err, fs.ErrPermission)
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestAFileInTheWay(t *testing.T) {
	parent := t.TempDir()
	write(t, parent, "model", "a file")
	err := save(filepath.Join(parent, "model"), 10)
	if err == nil || !strings.Contains(err.Error(), "it is a file, not a folder") {
		t.Errorf("error %v", err)
	}
	if got := read(t, parent, "model"); got != "a file" {
		t.Errorf("the file holds %q", got)
	}
	expectEntries(t, parent, "model")
}

// A link to a folder, on a larger disk perhaps, stays one.
func TestLinkedFolder(t *testing.T) {
	parent := t.TempDir()
	behind := filepath.Join(parent, "disk", "model")
	if err := save(behind, 10); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "model")
	if err := os.Symlink(behind, dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(parent, "disk", ".model.tmp-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Clean(dir), save(dir, 20)); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(dir); err != nil || target != behind {
		t.Errorf("the link is %q, %v", target, err)
	}
	if got := read(t, behind, "weights"); len(got) != 20 {
		t.Errorf("%d bytes behind the link", len(got))
	}
	expectEntries(t, filepath.Dir(behind), "model")
}
