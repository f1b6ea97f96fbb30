// Package modeldir manages a training run's model folder and its companions: the run's
// state, the earlier model, the tracker's outbox.
package modeldir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// Dir is a model folder. Its companions are beside it, as DIR.run, or, if the folder can't
// be renamed (see [atomicdir.Within]), inside it, as DIR/.trident/run.
type Dir struct {
	Path string // as given

	target string // the target, if it is a link
	within bool
	beside string // location of a stopped run's state outside of the folder, without .run; "" if there is none
	moved  bool   // a kill interrupted moving the earlier model, which is there too
}

// Find locates everything. It creates nothing.
func Find(path string, names Names) (Dir, error) {
	d := Dir{Path: filepath.Clean(path)}
	d.target = d.Path
	if info, err := os.Lstat(d.Path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if target, err := filepath.EvalSymlinks(d.Path); err == nil {
			d.target = target
		}
	}
	within, err := atomicdir.Within(d.target)
	if err != nil {
		return d, fmt.Errorf("output.model_dir %s: %w", path, err)
	}
	// A run stopped in a container can be resumed outside of it, and vice versa.
	stopped := exists(filepath.Join(d.target, atomicdir.Hidden, "run"))
	d.within = within || stopped
	if within && !stopped {
		d.beside, err = stateBeside(d.target, names)
		d.moved = d.beside != "" && exists(d.beside+".moving")
	}
	if err != nil {
		return d, fmt.Errorf("output.model_dir %s: look for a stopped run's state: %w", path, err)
	}
	return d, nil
}

// stateBeside returns dir in a form to which .run can be appended, if a run's state is
// there: "." can't be.
func stateBeside(dir string, names Names) (string, error) {
	if last := filepath.Base(dir); last == "." || last == ".." {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		dir = absolute
	}
	entries, err := os.ReadDir(dir + ".run")
	if err != nil || len(entries) == 0 || names.checkState(dir+".run") != nil { // none, or not a run's
		return "", nil
	}
	return dir, nil
}

func (d Dir) add(name string) string {
	if d.beside != "" && (d.moved || name != "previous" && name != "moving") {
		return d.beside + "." + name
	}
	if d.within {
		return filepath.Join(d.target, atomicdir.Hidden, name)
	}
	return d.target + "." + name
}

// Run returns the folder of a run's state and lock.
func (d Dir) Run() string { return d.add("run") }

// Previous returns the folder of an earlier run's model.
func (d Dir) Previous() string { return d.add("previous") }

// Outbox returns the folder of records not yet sent to the tracking server. It outlives the
// run's state.
func (d Dir) Outbox() string { return d.add("outbox") }

// moving returns the folder of an earlier model being moved to Previous.
func (d Dir) moving() string { return d.add("moving") }

// Tidy removes the companions' folder if it is empty.
func (d Dir) Tidy() {
	if d.within {
		os.Remove(filepath.Join(d.target, atomicdir.Hidden)) // fails if it isn't empty
	}
}

// Clean finishes what a killed run had begun to write.
func (d Dir) Clean() error {
	if err := errors.Join(atomicdir.Clean(d.Path), atomicdir.Clean(d.Run()), atomicdir.Clean(d.Previous())); err != nil {
		return fmt.Errorf("clean up after an earlier run: %w", err)
	}
	return nil
}

// Files lists the paths of the model's files.
func (d Dir) Files(names Names) ([]string, error) {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return nil, fmt.Errorf("list the model's files: %w", err)
	}
	var list []string
	for _, e := range entries {
		if names.IsModelFile(e.Name()) {
			list = append(list, filepath.Join(d.Path, e.Name()))
		}
	}
	return list, nil
}

// MoveAside moves the model of an earlier run to Previous, replacing the one there. It
// reports whether there was one. Files that aren't a model's stay. After a kill it must
// be called again; meanwhile there is no model, or the earlier one.
func (d Dir) MoveAside(names Names) (moved bool, err error) {
	entries, err := os.ReadDir(d.target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look for an earlier model: %w", err)
	}
	own := slices.DeleteFunc(slices.Clone(entries), func(e fs.DirEntry) bool { return !names.IsModelFile(e.Name()) })
	moving := exists(d.moving())
	if !moving && !slices.ContainsFunc(own, func(e fs.DirEntry) bool { return names.Weights(e.Name()) }) {
		return false, nil
	}
	if err := d.checkModels(names); err != nil { // files may have been added since Check
		return false, err
	}
	if !moving {
		if err := names.remove(d.Previous()); err != nil {
			return false, fmt.Errorf("make room for the earlier model: %w", err)
		}
	}
	if err := d.move(names, own, len(own) == len(entries)); err != nil {
		return false, fmt.Errorf("move the earlier model aside: %w", err)
	}
	return true, nil
}

func (d Dir) move(names Names, own []fs.DirEntry, all bool) error {
	if all && !d.within && d.target == d.Path && !exists(d.moving()) && !exists(d.Previous()) {
		return errors.Join(os.Rename(d.Path, d.Previous()), atomicdir.Sync(filepath.Dir(d.Path)))
	}
	if err := os.MkdirAll(d.moving(), 0o777); err != nil {
		return err
	}
	// The weights go first: the rest can't be mistaken for a model.
	slices.SortStableFunc(own, func(a, b fs.DirEntry) int { return last(names.Weights(a.Name())) - last(names.Weights(b.Name())) })
	for _, e := range own {
		if err := os.Rename(filepath.Join(d.target, e.Name()), filepath.Join(d.moving(), e.Name())); err != nil {
			return err
		}
	}
	if err := errors.Join(atomicdir.Sync(d.target), atomicdir.Sync(d.moving())); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Previous(), 0o777); err != nil { // keeps other files in it
		return err
	}
	entries, err := os.ReadDir(d.moving())
	for _, e := range entries {
		err = errors.Join(err, os.Rename(filepath.Join(d.moving(), e.Name()), filepath.Join(d.Previous(), e.Name())))
	}
	return errors.Join(err, atomicdir.Sync(d.Previous()), os.Remove(d.moving()), atomicdir.Sync(filepath.Dir(d.moving())))
}

// last sorts false after true.
func last(first bool) int {
	if first {
		return 0
	}
	return 1
}

// remove removes a model's files. If the folder contains nothing else, it is removed in one
// step, since a part of a model could be mistaken for foreign files.
func (n Names) remove(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !n.IsModelFile(e.Name()) }) {
		gone := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".tmp-gone") // a name that atomicdir.Clean removes
		if err := os.RemoveAll(gone); err != nil {
			return err
		}
		if os.Rename(dir, gone) == nil { // a mount point can't be renamed
			return os.RemoveAll(gone)
		}
	}
	for _, e := range entries {
		if err == nil && n.IsModelFile(e.Name()) {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	if err == nil {
		os.Remove(dir) // fails if there are other files
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
