package label

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"github.com/trident-nlp/trident/internal/terminal"
)

// destination is the predictions' output. A file gets its name only on commit.
type destination struct {
	*bufio.Writer
	isStdout bool
	terminal bool
	name     string
	commit   func() error
	discard  func() // no-op after commit
}

// newDestination opens path, or stdout if it is "".
func newDestination(path string, stdout io.Writer) (*destination, error) {
	if path == "" {
		return &destination{
			Writer:   bufio.NewWriter(stdout),
			isStdout: true,
			terminal: terminal.Is(stdout),
			commit:   func() error { return nil },
			discard:  func() {},
		}, nil
	}
	d, err := newFile(path)
	if err != nil {
		return nil, writing(err)
	}
	d.name = path
	return d, nil
}

func newFile(path string) (*destination, error) {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory", path)
	case err == nil && !info.Mode().IsRegular(): // a device or a pipe must not be replaced
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &destination{Writer: bufio.NewWriter(f), terminal: terminal.Is(f), commit: f.Close, discard: func() { _ = f.Close() }}, nil
	case err == nil && isMountPoint(path):
		return nil, fmt.Errorf("%s is a mount point, which can't be replaced by a finished file: mount its folder, or write elsewhere", path)
	case err == nil: // replace a link's target, not the link
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		if target, err := os.Readlink(path); err == nil {
			return nil, fmt.Errorf("%s is a link to %s, which isn't there: make that file, or remove the link", path, target)
		}
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o666), renameio.WithExistingPermissions())
	if err != nil {
		return nil, err
	}
	return &destination{Writer: bufio.NewWriter(f), commit: f.CloseAtomicallyReplace, discard: func() { _ = f.Cleanup() }}, nil
}

// isMountPoint reports whether a file is a mount point, if the kernel tells.
func isMountPoint(path string) bool {
	var found unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_TYPE, &found)
	return err == nil && found.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

// finish flushes the buffer and gives a file its name.
func (d *destination) finish() error {
	err := d.Flush()
	if err == nil {
		err = d.commit()
	}
	if err != nil {
		return writing(err)
	}
	return nil
}
