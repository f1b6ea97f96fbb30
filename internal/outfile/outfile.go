// Package outfile writes a file that appears whole or not at all.
package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// File is a file that is being written. It has its name from Commit on, and replaces what
// was there; a device or a pipe is written at once. Discard removes what was written,
// unless Commit was called.
type File struct {
	io.Writer
	Commit  func() error
	Discard func()
}

// Create begins the file at path. A link stays, and its target is replaced. A directory, a
// mount point and a link to nothing are refused.
func Create(path string) (File, error) {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return File{}, fmt.Errorf("%s is a directory", path)
	case err == nil && !info.Mode().IsRegular(): // a device or a pipe must not be replaced
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return File{}, err
		}
		return File{Writer: f, Commit: f.Close, Discard: func() { _ = f.Close() }}, nil
	case err == nil && isMountPoint(path):
		return File{}, fmt.Errorf("%s is a mount point, which can't be replaced by a finished file: mount its folder, or write elsewhere", path)
	case err == nil: // replace a link's target, not the link
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return File{}, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return File{}, err
	default:
		if target, err := os.Readlink(path); err == nil {
			return File{}, fmt.Errorf("%s is a link to %s, which isn't there: make that file, or remove the link", path, target)
		}
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o666), renameio.WithExistingPermissions())
	if err != nil {
		var temporary *fs.PathError
		if errors.As(err, &temporary) { // whose name would say nothing
			err = fmt.Errorf("make a file in %s: %w", filepath.Dir(path), temporary.Err)
		}
		return File{}, err
	}
	return File{Writer: f, Commit: f.CloseAtomicallyReplace, Discard: func() { _ = f.Cleanup() }}, nil
}

// CreateNew begins a file that only its owner can read. Commit fails if there is a file at
// path by then; the check here is for an early error.
func CreateNew(path string) (File, error) {
	if _, err := os.Lstat(path); err == nil {
		return File{}, fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-") // 0600
	if err != nil {
		return File{}, err
	}
	done := false
	discard := func() {
		if !done { // also after a Commit that failed
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}
	return File{Writer: f, Discard: discard, Commit: func() error {
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		err := unix.Renameat2(unix.AT_FDCWD, f.Name(), unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // some file systems can't
			if err = os.Link(f.Name(), path); err == nil {
				err = os.Remove(f.Name())
			}
		}
		if err != nil {
			return fmt.Errorf("name the finished file %s: %w", path, err)
		}
		done = true
		return syncDir(filepath.Dir(path))
	}}, nil
}

// syncDir makes a file's name last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// isMountPoint reports whether a file is a mount point, if the kernel tells.
func isMountPoint(path string) bool {
	var found unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_TYPE, &found)
	return err == nil && found.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}
