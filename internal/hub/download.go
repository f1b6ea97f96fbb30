package hub

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Want is a file to download: the first of several names that the model has.
type Want struct {
	Names    []string
	Optional bool
}

// Download downloads missing files of a model's revision (a branch, tag or commit) into
// the cache, and returns their folder. All are from one commit. The cache's reference for
// the revision is set once all files are there.
func (c *Client) Download(ctx context.Context, model, revision string, wants ...Want) (dir string, err error) {
	if err := checkName(model, revision); err != nil {
		return "", err
	}
	if c.Offline {
		return "", ErrOffline
	}
	r, err := c.requester()
	if err != nil {
		return "", err
	}
	defer r.close()
	s := snapshot{requester: r, folder: c.folder(model), model: model, revision: revision}
	if commitForm.MatchString(revision) {
		s.commit = revision
	}
	for _, want := range wants {
		if err := s.get(ctx, want); err != nil {
			return "", err
		}
	}
	if s.commit == "" {
		return "", fmt.Errorf("%s@%s: %w of those wanted", model, revision, ErrFile)
	}
	if err := s.folder.setRef(revision, s.commit); err != nil {
		return "", fmt.Errorf("write the Hugging Face cache: %w", err)
	}
	return s.folder.snapshot(s.commit), nil
}

// snapshot is a commit of a model being downloaded.
type snapshot struct {
	*requester
	folder   folder
	model    string
	revision string
	commit   string // the revision's commit; known after the first file
}

// get provides one wanted file.
func (s *snapshot) get(ctx context.Context, want Want) error {
	for _, name := range want.Names {
		if s.commit == "" {
			break
		}
		if there, err := exists(filepath.Join(s.folder.snapshot(s.commit), name)); there || err != nil {
			return err
		}
	}
	for _, name := range want.Names {
		err := s.provide(ctx, name)
		if errors.Is(err, ErrFile) {
			continue
		}
		if err != nil {
			return fmt.Errorf("download %s of %s@%s: %w", name, s.model, s.revision, err)
		}
		return nil
	}
	if want.Optional {
		return nil
	}
	return fmt.Errorf("%s@%s: %w on %s: %s", s.model, s.revision, ErrFile, s.host.Redacted(), strings.Join(want.Names, " or "))
}

func (s *snapshot) provide(ctx context.Context, name string) error {
	revision := s.revision
	if s.commit != "" {
		revision = s.commit
	}
	remote, err := s.describe(ctx, s.model, revision, name)
	if errors.Is(err, ErrFile) && commitForm.MatchString(remote.commit) {
		if err := s.folder.setMissing(remote.commit, name); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if s.commit == "" {
		s.commit = remote.commit
	}
	if remote.commit != s.commit {
		return fmt.Errorf("asked for commit %s, the hub has another: %s", s.commit, remote.commit)
	}
	// From here on use the commit: the branch may move, the files must not change.
	remote.address = s.address(s.model, s.commit, name)
	path := filepath.Join(s.folder.snapshot(s.commit), name)
	if there, err := exists(path); there || err != nil {
		return err
	}
	unlock, err := s.lock(ctx, s.model, remote.hash)
	if err != nil {
		return err
	}
	defer unlock()
	blob := s.folder.blob(remote.hash)
	there, err := exists(blob)
	if err != nil {
		return err
	}
	if !there {
		if err := s.fetch(ctx, remote, name, blob); err != nil {
			return err
		}
	}
	return s.folder.link(s.commit, name, remote.hash)
}
