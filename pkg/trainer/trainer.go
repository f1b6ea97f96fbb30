package trainer

import (
	"context"
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// ErrNotFinite is returned, wrapped, when a loss or gradient is infinite or
// not a number: going on would spoil the weights.
var ErrNotFinite = errors.New("not a finite number")

// Settings are the hyperparameters of a run.
type Settings struct {
	Epochs       int
	LearningRate float64 // at its peak
	WeightDecay  float64
	WarmupRatio  float64 // share of all steps
	WarmupSteps  int     // instead of WarmupRatio, if it isn't 0
	MaxGradNorm  float64
	Seed         uint64 // of shuffling and dropout
	BF16         bool   // matrix products in bfloat16, weights in float32

	EvalSteps int     // validate every so many steps, and after the last; 0: after each epoch
	Best      string  // what decides which weights are best: BestAverage, BestLoss, or a metric's name; "" is BestAverage
	Patience  int     // validations without improvement that end the run; 0: none do
	MinDelta  float64 // what counts as an improvement for Patience is more than this

	Sampling datasets.Sampling
	// LossWeights multiply the losses of tasks; one that isn't there has weight
	// 1. What is reported of losses is without them.
	LossWeights map[string]float64
	Distil      map[string]Distillation // by task
}

// Trainer trains a model by task alternation: in each epoch the batches of all
// sets are shuffled into one list, and only the encoder and the heads of the
// batch's own tasks run in a step.
type Trainer struct {
	Settings
	Model      Model
	Train, Val []datasets.Loader // one for each set
	Console    *Console
	Tracker    Tracker // nil: none

	// Save keeps the model as the best checkpoint, with the history so far.
	// Keep, where set, is called at the end of each epoch, to store the state
	// from which [Trainer.Resume] goes on; see [Trainer.SaveState].
	Save func(*History) error
	Keep func() error

	history   *History
	stopping  EarlyStopping
	optimizer *torchx.AdamW
	schedule  LinearWarmup
}

// StepsPerEpoch returns the number of training batches of all sets.
func (t *Trainer) StepsPerEpoch() int {
	steps := 0
	for _, n := range t.Sampling.Batches(t.Train) {
		steps += n
	}
	return steps
}

// Schedule returns the learning rate's course.
func (t *Trainer) Schedule() LinearWarmup {
	schedule := NewLinearWarmup(t.LearningRate, t.StepsPerEpoch()*t.Epochs, t.WarmupRatio)
	if t.WarmupSteps > 0 {
		schedule.Warmup = t.WarmupSteps
	}
	return schedule
}

// Run trains until the last epoch, until patience is used up, or until ctx is
// done; then its error is ctx's. What it returns of the history is valid
// beside an error as well. The model is left as the last step made it; the
// best one is what Save was given.
func (t *Trainer) Run(ctx context.Context) (*History, error) {
	if err := t.begin(); err != nil {
		return t.history, err
	}
	defer t.optimizer.Drop()
	for epoch := t.history.Completed + 1; epoch <= t.Epochs && !t.stopped(); epoch++ {
		if err := t.epoch(ctx, epoch); err != nil {
			return t.history, err
		}
	}
	return t.history, nil
}

// stopped reports, and notes, whether patience is used up.
func (t *Trainer) stopped() bool {
	if !t.stopping.Stop() {
		return false
	}
	if !t.history.StoppedEarly {
		t.history.StoppedEarly = true
		t.Console.stopped(t.stopping)
	}
	return true
}

// History returns the run so far; nil before [Trainer.Run].
func (t *Trainer) History() *History { return t.history }

func (t *Trainer) begin() (err error) {
	if t.history == nil {
		t.history = &History{}
		t.stopping = EarlyStopping{Patience: t.Patience, MinDelta: t.MinDelta, Lower: t.Best == BestLoss}
	}
	if t.Tracker == nil {
		t.Tracker = noTracker{}
	}
	t.schedule = t.Schedule()
	if t.optimizer == nil {
		t.optimizer, err = torchx.NewAdamW(t.Model.Params(), t.WeightDecay)
	}
	return err
}

// epoch is one pass over the shuffled batches of all sets.
func (t *Trainer) epoch(ctx context.Context, epoch int) error {
	t.Console.epoch(epoch, t.Epochs)
	slots := datasets.Alternate(t.Train, t.Sampling, stepSeed(t.Seed, epoch, -1))
	bar := t.Console.Bar("Training", len(slots))
	defer bar.Finish()
	since := newInterval(t.Train)
	for i, slot := range slots {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := slot.Batch()
		step := (epoch-1)*len(slots) + i
		since.rate = t.schedule.Rate(step)
		if err := torchx.Seed(stepSeed(t.Seed, epoch, i)); err != nil {
			return fmt.Errorf("epoch %d: %w", epoch, err)
		}
		losses, norm, err := t.step(b, since.rate)
		if err != nil {
			return fmt.Errorf("epoch %d, step %d (a %s batch of %d × %d tokens, records %v): %w",
				epoch, i+1, b.Name(), b.Size, b.Length, b.Records, err)
		}
		since.add(b, losses, norm)
		bar.step(t.Console.running(since))
		last := i+1 == len(slots)
		if !t.due(step+1, last) {
			continue
		}
		bar.clear()
		if err := t.evaluate(ctx, Evaluation{Epoch: epoch, Step: step + 1, Train: since.result()}); err != nil {
			return err
		}
		if since = newInterval(t.Train); !last && t.stopped() {
			return nil
		}
	}
	t.history.Completed = epoch
	if t.Keep == nil {
		return nil
	}
	return t.Keep()
}

// due reports whether to validate after so many steps.
func (t *Trainer) due(steps int, epochEnds bool) bool {
	if t.EvalSteps == 0 {
		return epochEnds
	}
	return steps%t.EvalSteps == 0 || steps == t.schedule.Total
}

// evaluate validates, and keeps what is best.
func (t *Trainer) evaluate(ctx context.Context, e Evaluation) (err error) {
	t.Console.trained(e.Train)
	if e.Val, err = t.Evaluate(ctx, t.Val); err != nil {
		return fmt.Errorf("epoch %d: validation: %w", e.Epoch, err)
	}
	e.Average = average(e.Val)
	if !finite(e.loss()) || !finite(e.Average) {
		return fmt.Errorf("epoch %d: validation gives a loss of %v and a score of %v: %w; a lower training.learning_rate may help", e.Epoch, e.loss(), e.Average, ErrNotFinite)
	}
	if e.Score, err = e.decisive(t.Best); err != nil {
		return err
	}
	t.Console.validated(e)
	best := t.stopping.Observe(e.Epoch, e.Score)
	t.history.add(e, best)
	if best {
		if err := t.Save(t.history); err != nil {
			return fmt.Errorf("epoch %d: %w", e.Epoch, err)
		}
		t.Console.saved()
	}
	x := e.Epoch
	if t.EvalSteps > 0 {
		x = e.Step
	}
	t.Tracker.LogMetrics(int64(x), t.history.lastMetrics(t.stopping))
	return nil
}
