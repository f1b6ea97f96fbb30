package atomicdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// keepOthers adds entries of dir to tmp that it lacks, as hard links, so that dir stays
// complete meanwhile. What can't be linked, such as another user's file, is left to
// moveOthers.
func (r replacement) keepOthers(dir, tmp string) error {
	err := eachOther(dir, tmp, r.drops, func(source, target string) error {
		if double(source, target, os.Link) != nil {
			return os.RemoveAll(target)
		}
		return nil
	})
	return errors.Join(err, Sync(tmp))
}

// moveOthers moves entries of old that dir lacks.
func (r replacement) moveOthers(old, dir string) error {
	return eachOther(old, dir, r.drops, os.Rename)
}

// drops reports whether an entry of the old folder goes if the new one lacks it.
func (r replacement) drops(e fs.DirEntry) bool {
	return r.stale != nil && !e.IsDir() && r.stale(e.Name())
}

// removeStale removes files of dir that its new version lacks, and that go then.
func (r replacement) removeStale(dir, version string) error {
	keep := func(e fs.DirEntry) bool { return !r.drops(e) }
	return eachOther(dir, version, keep, func(source, _ string) error { return os.Remove(source) })
}

// holdsFolders reports whether dir has folders that tmp lacks. Other processes may be
// writing in them, so they stay where they are.
func holdsFolders(dir, tmp string) (bool, error) {
	found := false
	err := eachOther(dir, tmp, nil, func(source, _ string) error {
		found = found || isFolder(source)
		return nil
	})
	return found, err
}

// eachOther calls keep for each entry of from that to lacks, except those to skip, if skip
// isn't nil.
func eachOther(from, to string, skip func(fs.DirEntry) bool, keep func(source, target string) error) error {
	entries, err := os.ReadDir(from)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		target := filepath.Join(to, e.Name())
		if _, err := os.Lstat(target); err == nil || skip != nil && skip(e) {
			continue
		}
		if err := keep(filepath.Join(from, e.Name()), target); err != nil {
			return err
		}
	}
	return nil
}

// double duplicates a file, or a folder of files, as target, by calling file for each.
func double(source, target string, file func(source, target string) error) error {
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return file(source, target)
	}
	if err := os.Mkdir(target, 0o755); err != nil {
		return err
	}
	if err := eachOther(source, target, nil, func(source, target string) error { return double(source, target, file) }); err != nil {
		return err
	}
	return errors.Join(os.Chmod(target, info.Mode().Perm()), Sync(target))
}
