// Package home expands ~ in paths that no shell has expanded: in configuration files, and
// in arguments such as --data=~/calls.jsonl.
package home

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// Expand replaces a leading ~ with the home folder, and ~NAME with that user's. If there
// is no such user, the path is unchanged, as in a shell.
func Expand(path string) (string, error) {
	name, rest, _ := strings.Cut(path, "/")
	who, found := strings.CutPrefix(name, "~")
	switch {
	case !found:
		return path, nil
	case who == "":
		dir, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%s: find the home folder: %w", path, err)
		}
		return filepath.Join(dir, rest), nil
	}
	other, err := user.Lookup(who)
	if err != nil {
		return path, nil //nolint:nilerr // then it is a file name
	}
	return filepath.Join(other.HomeDir, rest), nil
}
