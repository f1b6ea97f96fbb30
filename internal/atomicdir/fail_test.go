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
	"github.com/trident-nlp/trident/internal/filetest"
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
	filetest.Holds(t, filepath.Dir(dir), "model")
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
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	var err, found error
	disktest.WithoutRoot(t, func() { found, err = Check(dir), save(dir, 20) })
	keepsOld(t, dir, before, err, fs.ErrPermission)
	if !errors.Is(found, fs.ErrPermission) {
		t.Errorf("Check finds %v", found)
	}
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
	filetest.Holds(t, parent, "model")
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
	filetest.Holds(t, filepath.Dir(behind), "model")
}

// What a folder is that only lies in a folder of others: it is replaced file by file.
func TestUnwritableParent(t *testing.T) {
	parent := disktest.Folder(t)
	dir := filepath.Join(parent, "model")
	if err := errors.Join(os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777), os.Chmod(parent, 0o555)); err != nil {
		t.Fatal(err)
	}
	disktest.WithoutRoot(t, func() {
		within, err := Within(dir)
		if err != nil || !within {
			t.Errorf("Within says %t, %v", within, err)
		}
		if err := errors.Join(Check(dir), save(dir, 10), save(dir, 20), Clean(dir)); err != nil {
			t.Error(err)
		}
	})
	if got := read(t, dir, "weights"); len(got) != 20 {
		t.Errorf("%d bytes", len(got))
	}
	filetest.Holds(t, dir, "weights")
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
}

// The working directory, and those above it, keep their place.
func TestWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "sub"))
	for _, name := range []string{".", "..", "./", dir, "../sub", dir + "/sub/"} {
		within, err := Within(name)
		if err != nil || !within {
			t.Errorf("Within(%s) says %t, %v", name, within, err)
		}
		if err := errors.Join(Check(name), save(name, 10), save(name, 20), Clean(name)); err != nil {
			t.Error(err)
		}
		if got := read(t, name, "weights"); len(got) != 20 {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
	for _, name := range []string{"new", "../other", "/no/such/folder"} {
		if within, err := Within(name); err != nil || within {
			t.Errorf("Within(%s) says %t, %v", name, within, err)
		}
	}
	filetest.Holds(t, ".", "weights")
	filetest.Holds(t, "..", "sub", "weights")
}

// A mount point can't be renamed.
func TestMountPoint(t *testing.T) {
	disktest.OnSmallDisk(t, 100_000, func(disk string) {
		within, err := Within(disk)
		if err != nil || !within {
			t.Errorf("Within says %t, %v", within, err)
		}
		if err := errors.Join(Check(disk), save(disk, 10_000), save(disk, 40_000)); err != nil {
			t.Error(err)
		}
		before := contents(t, disk)
		if err := save(disk, 80_000); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v, want %v", err, syscall.ENOSPC)
		}
		if !maps.Equal(contents(t, disk), before) {
			t.Error("the folder has changed")
		}
		filetest.Holds(t, disk, "weights")
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		if err := Check(disk); !errors.Is(err, syscall.EROFS) {
			t.Errorf("Check finds %v on a disk that is only read", err)
		}
		if err := Check(filepath.Join(disk, "model")); !errors.Is(err, syscall.EROFS) {
			t.Errorf("Check finds %v in a disk that is only read", err)
		}
	})
}

// What stands in the way is found before there is anything to write.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file", "a file")
	for link, target := range map[string]string{"link": "nowhere", "loop": "loop", "linked": "there"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"file":       "it is a file, not a folder",
		"file/model": "not a directory",
		"link":       "it is a link to nowhere, which isn't there",
		"link/model": "file exists",
		"loop":       "too many levels of symbolic links",
		"linked":     "",
		"there":      "",
		"a/b/c":      "",
	} {
		path := filepath.Join(dir, name)
		checked, written := Check(path), error(nil)
		if want != "" {
			written = save(path, 10)
		}
		for _, err := range []error{checked, written} {
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	filetest.Holds(t, filepath.Join(dir, "there"))
}
