package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/modeldir"
)

// errInUse is returned, wrapped, when another training run writes to the folder.
var errInUse = errors.New("another training is using it")

// lockFile is in the run's folder and contains the id of the process that has locked it.
// The kernel releases the lock when that process ends, however it ends.
const lockFile = "lock"

// occupy locks a model's folder, which the setting key names, and checks whether a model,
// with or without lists of labels, and with these folders for other programs, can be saved
// there.
func occupy(dir modeldir.Dir, key string, names modeldir.Names, labelLists bool, folders ...string) (release func(), err error) {
	release, err = lock(dir, key)
	if err != nil {
		return nil, err
	}
	if err = dir.Clean(); err == nil {
		err = dir.Check(names)
	}
	if err == nil && labelLists {
		err = checkLabelLists(dir.Path)
	}
	if err == nil {
		err = checkForOthers(dir.Path, folders...)
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// lock keeps other training runs out of the folder that the setting key names until
// release.
func lock(of modeldir.Dir, key string) (release func(), err error) {
	return lockBy(of, key, syscall.Flock)
}

// lockBy is lock with a replaceable system call.
func lockBy(of modeldir.Dir, key string, flock func(fd, how int) error) (release func(), err error) {
	dir := of.Run()
	for {
		if err := makeDir(dir); err != nil {
			return nil, fmt.Errorf("%s %s: make a folder for the run's state: %w", key, of.Path, err)
		}
		path := filepath.Join(dir, lockFile)
		_, err := os.Lstat(path)
		made := errors.Is(err, fs.ErrNotExist)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", of.Path, err)
		}
		if err := flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			err = errors.Join(refused(of, key, path, err), f.Close())
			if made && !errors.Is(err, errInUse) {
				os.Remove(path)
				os.Remove(dir) // fails if there are states in it
				of.Tidy()
			}
			return nil, err
		}
		if !isAt(f, path) { // the previous holder has removed the file, so this lock is useless
			f.Close()
			continue
		}
		err = f.Truncate(0)
		if err == nil {
			_, err = fmt.Fprintln(f, os.Getpid())
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", of.Path, err), f.Close())
		}
		return func() {
			if isAt(f, path) {
				os.Remove(path)
			}
			os.Remove(dir) // fails if there are states in it
			of.Tidy()
			f.Close()
		}, nil
	}
}

// makeDir creates a folder that survives a power failure.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return atomicdir.Sync(filepath.Dir(dir))
}

func refused(of modeldir.Dir, key, path string, err error) error {
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP):
		return fmt.Errorf("lock %s: the file system can't lock files there (%w): set %s to a folder on another disk, or mount this one with locks", of.Path, err, key)
	default:
		return fmt.Errorf("lock %s: %w", of.Path, err)
	}
	process := ""
	if pid, err := os.ReadFile(path); err == nil {
		process = fmt.Sprintf(" (process %s)", strings.TrimSpace(string(pid)))
	}
	return fmt.Errorf("%s: %w%s: wait for it, or set another %s", of.Path, errInUse, process, key)
}

// isAt reports whether the open file is the one at path.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(open, there)
}
