package modeldir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// Names recognises Trident's files by name.
type Names struct {
	IsModelFile func(name string) bool // a model's files
	Weights     func(name string) bool // those essential to a model
	State       func(name string) bool // a run's state

	// Content refuses files of dir with a model's names but other contents; see
	// [CheckContent]. Files does so for a part of a model's files; see [CheckFiles].
	Content func(dir string, files []string) error
	Files   func(dir string, files []string) error
}

// Check returns an error, before training, if writing the model would fail or overwrite
// files that aren't a model's.
func (d Dir) Check(names Names) error {
	err := atomicdir.Check(d.Path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w: name a folder that you may write to", err)
	case err == nil:
		err = d.checkModels(names)
	}
	for _, dir := range []string{d.Run(), d.Run() + ".previous"} {
		if err == nil {
			err = names.checkState(dir)
		}
	}
	if err != nil {
		return fmt.Errorf("output.model_dir %s: %w", d.Path, err)
	}
	return nil
}

// checkModels refuses foreign files where the earlier model is, where it is moved to and,
// if a kill interrupted the move, in between.
func (d Dir) checkModels(names Names) error {
	moving, err := os.ReadDir(d.moving())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(moving) == 0 {
		if err := names.check(d.target); err != nil {
			return err
		}
		return names.check(d.Previous())
	}
	weights := false
	for _, e := range moving {
		if e.IsDir() || !names.IsModelFile(e.Name()) {
			return fmt.Errorf("%s holds %s, and an earlier model is to go there: move it away, or name another folder", d.moving(), e.Name())
		}
	}
	for _, dir := range []string{d.target, d.moving(), d.Previous()} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		var own []string
		for _, e := range entries {
			if names.IsModelFile(e.Name()) {
				own = append(own, e.Name())
				weights = weights || dir != d.target && names.Weights(e.Name())
			}
		}
		if err := names.Files(dir, own); err != nil {
			return fmt.Errorf("%s holds what is no model's (%w): move it away, or name another folder", dir, err)
		}
	}
	if !weights {
		return fmt.Errorf("%s holds %s but no model: move it away, or name another folder", d.moving(), moving[0].Name())
	}
	return nil
}

// check refuses a folder in which foreign files have the names of a model's.
func (n Names) check(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var inTheWay []string
	model := false
	for _, e := range entries {
		switch {
		case !n.IsModelFile(e.Name()):
		case e.IsDir():
			return fmt.Errorf("%s is a folder, where the model has a file: move it away, or name another folder", filepath.Join(dir, e.Name()))
		default:
			inTheWay = append(inTheWay, e.Name())
			model = model || n.Weights(e.Name())
		}
	}
	if len(inTheWay) > 0 && !model {
		return fmt.Errorf("%s holds %s but no model: training would overwrite that; name another folder, or move it away", dir, strings.Join(inTheWay, ", "))
	}
	if len(inTheWay) > 0 {
		if err := n.Content(dir, inTheWay); err != nil {
			return fmt.Errorf("%s holds %s, but isn't the folder of a model (%w): training would overwrite that; name another folder, or move it away", dir, strings.Join(inTheWay, ", "), err)
		}
	}
	return nil
}

// checkState refuses a folder with files that aren't a run's: they would be removed.
func (n Names) checkState(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if !n.State(e.Name()) {
			return fmt.Errorf("%s holds %s, and the state of a training is to go there: move it away, or name another folder", dir, e.Name())
		}
	}
	return err
}
