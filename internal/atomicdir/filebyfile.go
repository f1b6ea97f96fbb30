package atomicdir

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Hidden is the folder, inside a folder that can't be exchanged, for files being written
// and other files that its owner wants to hide.
const Hidden = ".trident"

// Names inside Hidden: tmp-* during a replacement, and new, the complete new version,
// while its files are moved into place.
const (
	insideMark = "tmp-"
	newVersion = "new"
)

// Current returns where dir's files are complete: dir itself or, while they are being
// replaced one by one and after a kill in between, a folder within it.
func Current(dir string) string {
	version := filepath.Join(dir, Hidden, newVersion)
	if info, err := os.Stat(version); err == nil && info.IsDir() {
		return version
	}
	return dir
}

// fileByFile makes tmp the new version of dir, by an atomic rename, and moves its files
// into place.
func (r replacement) fileByFile(tmp, dir string) error {
	hidden := filepath.Join(dir, Hidden)
	if err := os.MkdirAll(hidden, 0o777); err != nil {
		return err
	}
	defer os.Remove(hidden) // unless something is left in it
	unlock, err := lock(hidden)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.place(dir); err != nil { // finish an interrupted replacement
		return err
	}
	version := filepath.Join(hidden, newVersion)
	if err := os.Rename(tmp, version); err != nil {
		return err
	}
	if err := errors.Join(Sync(hidden), Sync(dir)); err != nil {
		return err
	}
	r.reached(committed)
	if err := r.place(dir); err != nil {
		return fmt.Errorf("the new files are in %s, and not all of them in their places yet: %w", version, err)
	}
	return nil
}

// place moves the files of dir's new version, if there is one, into place. It can be
// interrupted at any point and repeated: the version stays complete until all files are
// in place. The smallest come first, so that a model's weights come after their
// description.
func (r replacement) place(dir string) error {
	hidden := filepath.Join(dir, Hidden)
	version := filepath.Join(hidden, newVersion)
	entries, err := os.ReadDir(version)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	sizes := map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		sizes[e.Name()] = info.Size()
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(sizes[a.Name()], sizes[b.Name()]) })
	for _, e := range entries {
		if err := put(filepath.Join(version, e.Name()), filepath.Join(dir, e.Name()), hidden); err != nil {
			return err
		}
		r.reached(begun)
	}
	if err := r.removeStale(dir, version); err != nil {
		return err
	}
	if err := Sync(dir); err != nil {
		return err
	}
	r.reached(placed)
	done := filepath.Join(hidden, insideMark+"done")
	if err := os.RemoveAll(done); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(version, done), Sync(hidden)); err != nil {
		return err
	}
	return os.RemoveAll(done)
}

// put makes target, a file or a folder, the same as source, by way of a folder on the
// same file system.
func put(source, target, by string) error {
	next, last := filepath.Join(by, insideMark+"next"), filepath.Join(by, insideMark+"last")
	if err := errors.Join(os.RemoveAll(next), os.RemoveAll(last)); err != nil {
		return err
	}
	if err := double(source, next, LinkOrCopy); err != nil {
		return err
	}
	if info, err := os.Lstat(target); err == nil && (info.IsDir() || isFolder(next)) { // a rename doesn't replace folders
		if err := os.Rename(target, last); err != nil {
			return err
		}
	}
	return errors.Join(os.Rename(next, target), os.RemoveAll(last))
}

func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// LinkOrCopy creates target, which must not exist, as a hard link to a file or, if the
// file system has none, as a copy.
func LinkOrCopy(source, target string) (err error) {
	if os.Link(source, target) == nil {
		return nil
	}
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// cleanInside is [Clean] for leftovers inside dir.
func cleanInside(dir string) error {
	hidden := filepath.Join(dir, Hidden)
	if _, err := os.Stat(hidden); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	defer os.Remove(hidden) // unless something is left in it
	unlock, err := lock(hidden)
	if err != nil {
		return err
	}
	defer unlock()
	if err := (replacement{reached: func(point) {}}).place(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(hidden)
	for _, e := range entries {
		if err == nil && strings.HasPrefix(e.Name(), insideMark) {
			err = os.RemoveAll(filepath.Join(hidden, e.Name()))
		}
	}
	return err
}

// lock waits until no other process moves files into place in a folder. On file systems
// without locks it does nothing.
func lock(hidden string) (unlock func(), err error) {
	f, err := os.Open(hidden)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			return func() { _ = f.Close() }, nil
		}
	}
}
