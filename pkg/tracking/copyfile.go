package tracking

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// copyFile copies a file atomically. It creates missing folders and returns them,
// deepest first. The unfinished copy is in tmp if that exists, otherwise beside
// target; tmp must be on the same file system.
func copyFile(file, target, tmp string, progress func()) (made []string, err error) {
	source, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	folder := filepath.Dir(target)
	for missing := folder; !fileExists(missing); missing = filepath.Dir(missing) {
		made = append(made, missing)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return made, fmt.Errorf("making a folder for artifacts: %w", err)
	}
	if !fileExists(tmp) {
		tmp = folder
	}
	pending, err := renameio.NewPendingFile(target, renameio.WithTempDir(tmp), renameio.WithPermissions(0o666))
	if err != nil {
		return made, fmt.Errorf("storing an artifact: %w", err)
	}
	defer func() { _ = pending.Cleanup() }() // if the file wasn't put in place
	if _, err = io.Copy(pending, &watchedReader{source, progress}); err == nil {
		err = pending.CloseAtomicallyReplace()
	}
	if err != nil {
		return made, fmt.Errorf("storing %s: %w", target, err)
	}
	return made, nil
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
