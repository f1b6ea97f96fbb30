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

// Hidden is the folder in which a folder that can't be exchanged holds what is being
// written, and what else its owner wants to keep out of sight.
const Hidden = ".trident"

// Within Hidden lie tmp-* while a replacement is at work, and new, the whole new
// version, while its files are put in their places.
const (
	insideMark = "tmp-"
	newVersion = "new"
)

// Current is where dir's files are whole: dir itself or, while they are being replaced
// one by one and after a kill in the midst of that, a folder within it.
func Current(dir string) string {
	version := filepath.Join(dir, Hidden, newVersion)
	if info, err := os.Stat(version); err == nil && info.IsDir() {
		return version
	}
	return dir
}

// fileByFile makes tmp the new version of dir, which it is from the moment of a rename,
// and puts its files in their places.
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
	if err := r.place(dir); err != nil { // what a kill interrupted
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

// place gives the files of dir's new version, if there is one, their places. It can be
// broken off at any point and done again: the version stays whole until all of them
// have one. The smallest come first, so that the weights of a model come after what
// describes them.
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

// put makes target, a file or a folder, the same as source, by way of a folder that is on
// the same disk.
func put(source, target, by string) error {
	next, last := filepath.Join(by, insideMark+"next"), filepath.Join(by, insideMark+"last")
	if err := errors.Join(os.RemoveAll(next), os.RemoveAll(last)); err != nil {
		return err
	}
	if err := double(source, next, LinkOrCopy); err != nil {
		return err
	}
	if info, err := os.Lstat(target); err == nil && (info.IsDir() || isFolder(next)) { // which a rename doesn't replace
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

// LinkOrCopy makes target, which mustn't be there, a second name of a file or, where the
// file system has none, a copy.
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

// cleanInside is [Clean] for what lies within dir.
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

// lock waits until no other process puts files in their places in a folder. File
// systems that have no locks go without.
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
