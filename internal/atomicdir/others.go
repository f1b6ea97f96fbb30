package atomicdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// keepOthers gives tmp those entries of dir that it lacks: the same files under a
// second name, so that dir stays whole meanwhile. What can't have one, such as
// a file of another user's, is left to moveOthers.
func keepOthers(dir, tmp string) error {
	err := eachOther(dir, tmp, func(source, target string) error {
		if double(source, target, os.Link) != nil {
			return os.RemoveAll(target)
		}
		return nil
	})
	return errors.Join(err, Sync(tmp))
}

// moveOthers moves those entries of old that dir lacks.
func moveOthers(old, dir string) error { return eachOther(old, dir, os.Rename) }

// holdsFolders reports whether dir has folders that tmp lacks. Others may be writing
// in them meanwhile, so they stay where they are.
func holdsFolders(dir, tmp string) (bool, error) {
	found := false
	err := eachOther(dir, tmp, func(source, _ string) error {
		found = found || isFolder(source)
		return nil
	})
	return found, err
}

// eachOther calls keep for each entry of from that to lacks.
func eachOther(from, to string, keep func(source, target string) error) error {
	entries, err := os.ReadDir(from)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		target := filepath.Join(to, e.Name())
		if _, err := os.Lstat(target); err == nil {
			continue
		}
		if err := keep(filepath.Join(from, e.Name()), target); err != nil {
			return err
		}
	}
	return nil
}

// double makes target a second one of a file, or of a folder of such, by way of file.
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
	if err := eachOther(source, target, func(source, target string) error { return double(source, target, file) }); err != nil {
		return err
	}
	return errors.Join(os.Chmod(target, info.Mode().Perm()), Sync(target))
}
