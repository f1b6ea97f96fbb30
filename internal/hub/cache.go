package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/renameio/v2"
)

// A model's folder in the cache, models--owner--name, holds
//
//	blobs/HASH                 the files, each once
//	snapshots/COMMIT/FILE      links to them, for each commit
//	refs/BRANCH                the commit that a branch or tag was at
//	.no_exist/COMMIT/FILE      empty: what that commit doesn't have
type folder string

func (c *Client) folder(model string) folder {
	return folder(filepath.Join(c.Cache, folderName(model)))
}

func folderName(model string) string { return "models--" + strings.ReplaceAll(model, "/", "--") }

func (f folder) blob(hash string) string       { return filepath.Join(string(f), "blobs", hash) }
func (f folder) snapshot(commit string) string { return filepath.Join(string(f), "snapshots", commit) }
func (f folder) ref(revision string) string {
	return filepath.Join(string(f), "refs", filepath.FromSlash(revision))
}

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Cached returns the cache's folder for a model's revision: a branch, tag or commit. It
// may be incomplete.
func (c *Client) Cached(model, revision string) (dir string, ok bool) {
	if checkName(model, revision) != nil {
		return "", false
	}
	f := c.folder(model)
	commit := revision
	if !commitForm.MatchString(revision) {
		data, err := os.ReadFile(f.ref(revision))
		if err != nil {
			return "", false
		}
		commit = strings.TrimSpace(string(data))
		if !filepath.IsLocal(commit) || commit != filepath.Base(commit) || commit == "." {
			return "", false
		}
	}
	dir = f.snapshot(commit)
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// link creates a snapshot's file as a link to a blob.
func (f folder) link(commit, name, hash string) error {
	target, err := filepath.Rel(f.snapshot(commit), f.blob(hash))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.snapshot(commit), 0o777); err != nil {
		return err
	}
	return renameio.Symlink(target, filepath.Join(f.snapshot(commit), name))
}

// setRef records the commit of a branch or tag.
func (f folder) setRef(revision, commit string) error {
	if revision == commit {
		return nil
	}
	path := f.ref(revision)
	if data, err := os.ReadFile(path); err == nil && string(data) == commit {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(path, []byte(commit), 0o644)
}

// setMissing records that a commit lacks a file, for tools that work offline.
func (f folder) setMissing(commit, name string) error {
	path := filepath.Join(string(f), ".no_exist", commit, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, nil, 0o644)
}

// exists reports whether path exists, following links.
func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look into the Hugging Face cache: %w", err)
	}
	return true, nil
}
