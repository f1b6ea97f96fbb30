// Package home reads paths as a shell does, where none has: in configuration files, and
// in arguments such as --data=~/calls.jsonl.
package home

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// Expand puts the home folder in the place of a ~ at a path's beginning, another user's
// in that of ~NAME. A path of no such user stays as it is, as in a shell.
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
		return path, nil //nolint:nilerr // it is a file's name, then
	}
	return filepath.Join(other.HomeDir, rest), nil
}
