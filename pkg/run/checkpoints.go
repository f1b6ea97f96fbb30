package run

import (
	"context"

	"github.com/trident-nlp/trident/pkg/trainer"
)

// checkpoints saves a run: the best weights in output.model_dir, the states beside it.
type checkpoints struct {
	run     *Run
	tracked tracker
	state   trainer.State // at the start of the run
}

// SaveBest implements [trainer.Checkpointer].
func (c *checkpoints) SaveBest(_ context.Context, h *trainer.History) error { return c.run.save(h) }

// SaveState implements [trainer.Checkpointer]. What was logged before the state must
// survive the process, as the state does.
func (c *checkpoints) SaveState(ctx context.Context, t *trainer.Trainer) error {
	c.tracked.flush(ctx)
	return t.SaveState(c.run.dir.Run(), c.state)
}
