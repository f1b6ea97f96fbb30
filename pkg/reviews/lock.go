package reviews

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrInUse means that another process has the folder open for writing.
var ErrInUse = errors.New("another server keeps its reviews there")

const lockName = "lock"

// lock keeps other writers out of a folder until release. The kernel releases it when the
// process ends, however it ends. The file stays: a later writer locks it again.
func lock(dir string) (release func() error, err error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
	case errors.Is(err, syscall.EWOULDBLOCK):
		process := ""
		if pid, err := os.ReadFile(path); err == nil && len(pid) > 0 {
			process = fmt.Sprintf(" (process %s)", strings.TrimSpace(string(pid)))
		}
		return nil, errors.Join(fmt.Errorf("%w%s; stop it, or give another folder", ErrInUse, process), f.Close())
	default:
		return nil, errors.Join(fmt.Errorf("the file system can't lock files there (%w): give a folder on another disk", err), f.Close())
	}
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil && !isFull(err) { // the id is for messages alone
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// isFull reports whether an error means that there is no room left.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
