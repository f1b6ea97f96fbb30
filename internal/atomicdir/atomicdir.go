// Package atomicdir replaces a directory in one step.
package atomicdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Replace replaces dir's content with what fill writes into an empty folder. The files
// are flushed to disk, then the two folders are exchanged atomically: at any time, and
// after a kill or a power cut at any point, dir is the complete old folder or the
// complete new one. If anything fails before the exchange, dir is unchanged. Entries of
// the old folder that the new one lacks are kept. If dir is a link, its target is
// replaced.
//
// On file systems that can't exchange folders (such as NFS) dir is missing for a moment;
// [Clean] restores it after a kill at that moment.
//
// A dir that can't be exchanged (see [Within]), or contains folders of others, is
// replaced file by file. Meanwhile, and after a kill in between, [Current] returns where
// the content is complete; the next Replace or Clean finishes the work.
func Replace(dir string, fill func(tmp string) error) error {
	return replacement{within: Within, exchange: exchange, reached: func(point) {}}.do(dir, fill)
}

// ReplaceAll is [Replace], but files of the old folder that the new one lacks are removed
// if stale reports so of their names. A dir that is replaced file by file loses them
// last; a kill may leave some.
func ReplaceAll(dir string, stale func(name string) bool, fill func(tmp string) error) error {
	return replacement{within: Within, exchange: exchange, reached: func(point) {}, stale: stale}.do(dir, fill)
}

// replacement holds the operations of a replacement; tests substitute them.
type replacement struct {
	within   func(dir string) (bool, error)
	exchange func(a, b string) error
	reached  func(point)            // called at each point
	stale    func(name string) bool // of the old folder's files that go; nil: none
}

// point is a stage of a replacement.
type point int

const (
	made      point = iota // the empty folder
	filled                 // with files, not yet flushed
	flushed                // with the old folder's other entries
	away                   // old folder moved away, if folders can't be exchanged
	exchanged              // the new folder is in its place

	committed // file by file: the new version is complete
	begun     // some of its files are in place
	placed    // all of them are
	points
)

// Names beside dir: .dir.tmp-* during a replacement, and .dir.old-* for the moment in
// which dir is missing.
const (
	tmpMark = ".tmp-"
	oldMark = ".old-"
)

func beside(dir, mark string) string { return "." + filepath.Base(dir) + mark }

// resolve follows links as far as the path exists.
func resolve(dir string) string {
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		return target
	}
	return filepath.Clean(dir)
}

// usable returns an error for a path that can't become a folder.
func usable(dir string) error {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if target, err := os.Readlink(dir); err == nil {
			return fmt.Errorf("it is a link to %s, which isn't there: make that folder, or remove the link", target)
		}
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("it is a file, not a folder: move it away, or choose another name")
	}
	return nil
}

func (r replacement) do(dir string, fill func(tmp string) error) error {
	target := resolve(dir)
	if err := r.write(target, fill); err != nil {
		return fmt.Errorf("write %s: %w", dir, err)
	}
	return nil
}

func (r replacement) write(dir string, fill func(tmp string) error) (err error) {
	inside, err := r.within(dir)
	if err != nil {
		return err
	}
	place, pattern := filepath.Dir(dir), beside(dir, tmpMark)
	if inside {
		place, pattern = filepath.Join(dir, Hidden), insideMark
		defer os.Remove(place) // fails if it isn't empty
	}
	if err := os.MkdirAll(place, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(place, pattern)
	if err != nil {
		return err
	}
	inPlace := false
	defer func() {
		if err == nil || inPlace {
			return
		}
		if left := os.RemoveAll(tmp); left != nil {
			err = fmt.Errorf("%w; what was begun remains: %w", err, left)
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	r.reached(made)
	if err := fill(tmp); err != nil {
		return err
	}
	r.reached(filled)
	if err := flush(tmp); err != nil {
		return err
	}
	if !inside {
		inside, err = holdsFolders(dir, tmp)
		if err != nil {
			return err
		}
	}
	if inside {
		return r.fileByFile(tmp, dir)
	}
	if err := r.keepOthers(dir, tmp); err != nil {
		return err
	}
	r.reached(flushed)
	if err := r.swap(tmp, dir); err != nil {
		return err
	}
	inPlace = true
	r.reached(exchanged)
	err = Sync(place)
	if err == nil {
		err = r.moveOthers(tmp, dir)
	}
	if err == nil {
		err = os.RemoveAll(tmp)
	}
	if err != nil {
		return fmt.Errorf("it holds the new files, but what was there before remains in %s: %w", tmp, err)
	}
	return nil
}

// swap exchanges tmp and dir, or moves tmp if dir doesn't exist.
func (r replacement) swap(tmp, dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(tmp, dir)
	}
	err := r.exchange(tmp, dir)
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP):
		// The file system can't exchange folders.
	case err != nil:
		return fmt.Errorf("exchange folders: %w", err)
	default:
		return nil
	}
	old := filepath.Join(filepath.Dir(dir), strings.Replace(filepath.Base(tmp), tmpMark, oldMark, 1))
	if err := os.Rename(dir, old); err != nil {
		return err
	}
	r.reached(away)
	if err := os.Rename(tmp, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.Rename(old, tmp)
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// Clean removes leftovers of processes killed inside Replace(dir), restores dir if one
// was killed while it was missing, and finishes a replacement file by file. No other
// process may be replacing dir.
func Clean(dir string) error {
	dir = resolve(dir)
	parent := filepath.Dir(dir)
	if err := cleanInside(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) { // it can't contain leftovers
		return nil
	}
	if err != nil {
		return err
	}
	_, err = os.Lstat(dir)
	missing := errors.Is(err, fs.ErrNotExist)
	for _, e := range entries {
		left := filepath.Join(parent, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), beside(dir, oldMark)) && missing:
			err = errors.Join(os.Rename(left, dir), Sync(parent))
			missing = false
		case strings.HasPrefix(e.Name(), beside(dir, oldMark)), strings.HasPrefix(e.Name(), beside(dir, tmpMark)):
			err = os.RemoveAll(left)
		default:
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flush flushes everything below root to disk.
func flush(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return Sync(path)
	})
}

// Sync flushes a file, or a folder's entries, to disk. Errors of file systems that don't
// support it for folders (some network and FUSE ones) are ignored, as databases do.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, unix.EINVAL) {
		if info, asked := f.Stat(); asked == nil && info.IsDir() {
			err = nil
		}
	}
	return errors.Join(err, f.Close())
}
