package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/modeldir"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// resume restores the trainer from the newest complete state, and returns that state.
// now is the current fingerprint.
func resume(dir modeldir.Dir, force bool, t *trainer.Trainer, now map[string]string, out, stderr io.Writer) (trainer.State, error) {
	state, damaged, err := trainer.ReadState(dir.Run())
	if err != nil {
		return state, err
	}
	for _, err := range damaged {
		fmt.Fprintf(stderr, "train: warning: %v; going on from the one before\n", err)
	}
	before, err := completed(state.Settings, now)
	if err != nil {
		return state, err
	}
	if list := changes(before, now); len(list) > 0 {
		text := strings.Join(list, "; ")
		if !force {
			return state, fmt.Errorf("resume %s: %w: %s; put that back, or start anew without --resume, or go on all the same with --force", dir.Run(), errChanged, text)
		}
		fmt.Fprintf(out, "Changed since the run was stopped: %s.\n", text)
		state.Changed = append(state.Changed, list...)
	}
	state.Settings = now
	stopped := state.Progress.Step
	if err := t.Resume(state); err != nil {
		return state, err
	}
	if at := t.Progress().Step; at != stopped {
		fmt.Fprintf(out, "An epoch has %d steps now, not %d: going on after the last complete one.\n", t.Progress().PerEpoch, state.Progress.PerEpoch)
	}
	if p := t.Progress(); p.Step > 0 {
		fmt.Fprintf(out, "Resuming after step %s.\n", position(p))
	} else {
		fmt.Fprintln(out, "Resuming from the beginning: no state was kept since.")
	}
	return state, nil
}

// explainDamage says how to start anew in an error about states that are all damaged.
func (r *Run) explainDamage(err error) error {
	switch {
	case !errors.Is(err, trainer.ErrDamaged):
		return err
	case r.role != nil: // of a teacher; a model without its state would count as trained
		return fmt.Errorf("%w; remove %s and %s: --resume then trains this teacher anew", err, r.dir.Run(), r.dir.Path)
	}
	return fmt.Errorf("%w; start the run anew without --resume", err)
}

// checkState refuses to resume, before teachers are asked, if there is no state.
func (r *Run) checkState() error {
	if !r.options.Resume || r.options.Place.Rank > 0 {
		return nil
	}
	stopped, err := hasState(r.dir)
	if err != nil || stopped {
		return err
	}
	_, _, err = trainer.ReadState(r.dir.Run()) // says so
	return err
}

// position describes the progress of a run.
func position(p trainer.Progress) string {
	per := max(1, p.PerEpoch)
	if p.Step%per == 0 {
		return fmt.Sprintf("%d, the end of epoch %d", p.Step, p.Step/per)
	}
	return fmt.Sprintf("%d, step %d of epoch %d", p.Step, p.Step%per, p.Step/per+1)
}

// setAside renames the state of a stopped run that isn't resumed, to make room for the
// new one. The files called keep stay.
func setAside(of modeldir.Dir, out io.Writer, keep ...string) error {
	dir := of.Run()
	state, _, err := trainer.ReadState(dir)
	stopped := err == nil && state.Progress.Step > 0
	previous := dir + ".previous"
	if stopped {
		if err := errors.Join(os.RemoveAll(previous), os.MkdirAll(previous, 0o777)); err != nil {
			return fmt.Errorf("make room for the stopped run's state: %w", err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for a stopped run's state: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name() == lockFile || slices.Contains(keep, e.Name()):
		case stopped:
			err = errors.Join(err, os.Rename(path, filepath.Join(previous, e.Name())))
		default:
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	if err != nil {
		return fmt.Errorf("move the stopped run's state aside: %w", err)
	}
	if stopped {
		fmt.Fprintf(out, "  [A stopped run isn't resumed; its state is now in %s]\n", previous)
	}
	return nil
}

// removeState removes the state of a finished run in one step.
func removeState(of modeldir.Dir) error {
	dir := of.Run()
	gone := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".tmp-done") // a name that atomicdir.Clean removes
	err := os.RemoveAll(gone)
	if err == nil {
		err = os.Rename(dir, gone)
	}
	if err == nil {
		err = os.RemoveAll(gone)
	}
	if err != nil {
		return fmt.Errorf("remove the finished run's state: %w", err)
	}
	return nil
}

// movedFile marks that an earlier run's model has been moved aside: the files in the
// model folder belong to this run.
const movedFile = "moved"

// once does something that a run must do only once, even if it is resumed: it is
// repeated only if it was interrupted.
func once(dir modeldir.Dir, mark string, do func() error) error {
	path := filepath.Join(dir.Run(), mark)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("note what was done: %w", err)
	}
	return errors.Join(f.Sync(), f.Close(), atomicdir.Sync(dir.Run()))
}
