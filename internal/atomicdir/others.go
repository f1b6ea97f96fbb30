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
		if link(source, target) != nil {
			return os.RemoveAll(target)
		}
		return nil
	})
	return errors.Join(err, Sync(tmp))
}

// moveOthers moves those entries of old that dir lacks.
func moveOthers(old, dir string) error { return eachOther(old, dir, os.Rename) }

// eachOther calls keep for each entry of from that to lacks, also within folders that
// both have.
func eachOther(from, to string, keep func(source, target string) error) error {
	entries, err := os.ReadDir(from)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		info, err := os.Lstat(target)
		switch {
		case err != nil:
			err = keep(source, target)
		case e.IsDir() && info.IsDir():
			err = eachOther(source, target, keep)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// link makes target a second name of a file, or a folder of such.
func link(source, target string) error {
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return os.Link(source, target)
	}
	if err := os.Mkdir(target, 0o755); err != nil {
		return err
	}
	if err := eachOther(source, target, link); err != nil {
		return err
	}
	return errors.Join(os.Chmod(target, info.Mode().Perm()), Sync(target))
}
