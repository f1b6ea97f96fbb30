package atomicdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Within reports whether a folder can't be renamed, so that its companions must be
// inside it: a mount point, such as a container's volume; the working directory or one
// of its parents; a folder of an overlay's lower layer; one whose parent can't be
// written. It tests this, and leaves nothing behind.
func Within(dir string) (bool, error) {
	dir = resolve(dir)
	if err := usable(dir); err != nil {
		return false, err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if above, err := aboveWorkingDirectory(dir); above || err != nil {
		return above, err
	}
	probe, err := os.MkdirTemp(filepath.Dir(dir), beside(dir, tmpMark))
	if err != nil { // for any error: it may work inside the folder
		return true, nil
	}
	defer os.RemoveAll(probe)
	if err := os.Mkdir(filepath.Join(probe, "full"), 0o700); err != nil {
		return true, nil
	}
	// A folder can't replace a non-empty one, but the error tells whether it could be
	// moved at all. os.Rename wouldn't try.
	err = unix.Rename(dir, probe)
	return !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST), nil
}

// aboveWorkingDirectory reports whether dir is the working directory or one of its
// parents: renaming it would move this process's working directory, and a shell's.
func aboveWorkingDirectory(dir string) (bool, error) {
	here, err := filepath.Abs(".")
	if err == nil {
		here, err = filepath.EvalSymlinks(here)
	}
	if err != nil {
		return false, err
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	inside, err := filepath.Rel(absolute, here)
	return err == nil && inside != ".." && !strings.HasPrefix(inside, "../"), nil
}

// Check returns an error if [Replace] can't work on dir, as far as that can be tested in
// advance: it writes a file and removes it.
func Check(dir string) error {
	target := resolve(dir)
	within, err := Within(target)
	if err != nil {
		return err
	}
	if !within {
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		if err := tryIn(filepath.Dir(target), beside(target, tmpMark)); err != nil {
			return err
		}
		if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	hidden := filepath.Join(target, Hidden)
	if err := os.MkdirAll(hidden, 0o777); err != nil {
		return err
	}
	defer os.Remove(hidden) // fails if it isn't empty
	return tryIn(hidden, insideMark)
}

// tryIn writes a file in a new folder in dir, and removes both.
func tryIn(dir, pattern string) error {
	tmp, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(tmp, "try"), []byte("a disk may be full"), 0o666)
	if err == nil {
		err = Sync(filepath.Join(tmp, "try"))
	}
	return errors.Join(err, os.RemoveAll(tmp))
}
