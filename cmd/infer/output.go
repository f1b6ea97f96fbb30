package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/terminal"
)

// destination is where predictions go. A file appears under its name only with
// commit.
type destination struct {
	*bufio.Writer
	isStdout bool
	terminal bool
	name     string
	commit   func() error
	discard  func() // after commit, nothing
}

// newDestination opens path, or stdout if that is "".
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
	case err == nil && !info.Mode().IsRegular(): // a device or a pipe: not to be replaced
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &destination{Writer: bufio.NewWriter(f), terminal: terminal.Is(f), commit: f.Close, discard: func() { _ = f.Close() }}, nil
	case err == nil: // replace what a link points to, not the link
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o666), renameio.WithExistingPermissions())
	if err != nil {
		return nil, err
	}
	return &destination{Writer: bufio.NewWriter(f), commit: f.CloseAtomicallyReplace, discard: func() { _ = f.Cleanup() }}, nil
}

// finish writes what is buffered and gives a file its name.
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
