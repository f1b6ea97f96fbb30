package trainer

import (
	"context"
	"fmt"
	"time"
)

// Checkpointer saves what a run must not lose. An error of its methods ends the
// run. The state is always saved before the best weights which belong to it, so
// the checkpoint is never ahead of the newest state: a run that ends between the
// two saves the weights when it is resumed. Methods are called on all ranks,
// between the same steps, also while the run ends because it was told to stop;
// their context isn't done by that.
type Checkpointer interface {
	// SaveBest saves the model, whose weights are the best so far, with the
	// history so far.
	SaveBest(ctx context.Context, h *History) error
	// SaveState saves the state from which [Trainer.Resume] continues, usually
	// by [Trainer.SaveState]. It is called at the end of each epoch, as often as
	// SaveSteps and SaveEvery of [Settings] say, before SaveBest, and when the run
	// ends or is stopped, unless nothing has happened since the call before.
	SaveState(ctx context.Context, t *Trainer) error
}

// saveDue reports whether the last state is too old.
func (t *Trainer) saveDue() bool {
	s := t.settings
	return s.SaveSteps > 0 && t.progress.Step%s.SaveSteps == 0 || s.SaveEvery > 0 && time.Since(t.stateSavedAt) >= s.SaveEvery
}

// saveState saves the state, unless nothing has changed since it was saved.
func (t *Trainer) saveState(ctx context.Context) error {
	if t.checkpointer == nil || t.stateSaved {
		return nil
	}
	if err := t.checkpointer.SaveState(context.WithoutCancel(ctx), t); err != nil {
		return err
	}
	t.stateSaved, t.stateSavedAt, t.savedStep = true, time.Now(), t.progress.Step
	return nil
}

// saveBest saves the weights if they are the best so far, after the state, which
// holds the same weights: see [Checkpointer].
func (t *Trainer) saveBest(ctx context.Context) error {
	if !t.progress.Best {
		return nil
	}
	if err := t.saveState(ctx); err != nil {
		return err
	}
	err := t.checkWeights()
	if err == nil && t.checkpointer != nil {
		err = t.checkpointer.SaveBest(context.WithoutCancel(ctx), t.history)
	}
	if err != nil {
		return fmt.Errorf("epoch %d: %w", t.progress.epoch(), err)
	}
	if t.checkpointer != nil {
		t.notify(Observer.CheckpointSaved)
	}
	return nil
}

// SavedStep returns after which step the state was last saved, by the
// [Checkpointer] or by the run that is resumed; 0: none.
func (t *Trainer) SavedStep() int { return t.savedStep }
