package trainer

import (
	"context"
	"fmt"
	"time"
)

// Checkpointer saves a run's best weights and its state. An error from its methods ends
// the run. The state is always saved before the best weights that belong to it, so the
// checkpoint is never ahead of the newest state: a run that ends between the two saves
// the weights when it is resumed. The methods are called on all ranks, between the same
// steps, also when the run is stopped; their context isn't cancelled by that.
type Checkpointer interface {
	// SaveBest saves the model, whose weights are the best so far, and the history so
	// far.
	SaveBest(ctx context.Context, h *History) error
	// SaveState saves the state from which [Trainer.Resume] continues, usually by
	// calling [Trainer.SaveState]. It is called at the end of each epoch, at the
	// intervals of SaveSteps and SaveEvery in [Settings], before SaveBest, and when the
	// run ends or is stopped, unless nothing has changed since the previous call.
	SaveState(ctx context.Context, t *Trainer) error
}

// saveDue reports whether the last state is older than allowed.
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

// saveBest saves the weights if they are the best so far, after the state with the same
// weights: see [Checkpointer].
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

// SavedStep returns the step after which the state was last saved, by the [Checkpointer]
// or before the run was resumed; 0: none.
func (t *Trainer) SavedStep() int { return t.savedStep }
