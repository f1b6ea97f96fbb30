package atomicdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Within reports whether a folder can't be renamed, so that what belongs to it must lie
// within it: a mount point, such as a volume of a container; the working directory or
// one above it; a folder of an overlay's lower layer; one whose parent can't be
// written. It tries, and leaves nothing.
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
	if err != nil { // whatever the reason: within the folder it may go
		return true, nil
	}
	defer os.RemoveAll(probe)
	if err := os.Mkdir(filepath.Join(probe, "full"), 0o700); err != nil {
		return true, nil
	}
	// A folder can't take the place of one that holds something, but why not says
	// whether it could be moved at all. os.Rename wouldn't even ask.
	err = unix.Rename(dir, probe)
	return !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST), nil
}

// aboveWorkingDirectory reports whether dir is the working directory or one above it:
// renamed, it would take this process along, and a shell too.
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

// Check finds out whether [Replace] can do its work on dir, as far as that can be told
// before there is something to write: it writes a file and removes it.
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
	defer os.Remove(hidden) // unless something else lies in it
	return tryIn(hidden, insideMark)
}

// tryIn writes a file in a folder of its own in dir, and removes both.
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
