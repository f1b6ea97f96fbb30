package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

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
	MaxGradNorm  float64
	Patience     int    // epochs without improvement that end the run
	Seed         uint64 // of shuffling and dropout
	BF16         bool   // matrix products in bfloat16, weights in float32

	// LossWeights multiply the losses of tasks' batches; a task that isn't
	// there has weight 1. What is reported of losses is without them.
	LossWeights map[string]float64
}

// Trainer trains a model by task alternation: in each epoch the batches of all
// tasks are shuffled into one list, and only the encoder and the batch's own
// head run in a step.
type Trainer struct {
	Settings
	Model      Model
	Train, Val []datasets.Loader // one for each task
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

// StepsPerEpoch returns the number of training batches of all tasks.
func (t *Trainer) StepsPerEpoch() int {
	steps := 0
	for _, l := range t.Train {
		steps += l.Batches()
	}
	return steps
}

// Schedule returns the learning rate's course.
func (t *Trainer) Schedule() LinearWarmup {
	return NewLinearWarmup(t.LearningRate, t.StepsPerEpoch()*t.Epochs, t.WarmupRatio)
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
	for epoch := t.history.Epochs() + 1; epoch <= t.Epochs; epoch++ {
		if t.stopping.Stop() {
			t.history.StoppedEarly = true
			t.Console.stopped(t.stopping)
			break
		}
		if err := t.epoch(ctx, epoch); err != nil {
			return t.history, err
		}
	}
	return t.history, nil
}

// History returns the epochs so far; nil before [Trainer.Run].
func (t *Trainer) History() *History { return t.history }

func (t *Trainer) begin() (err error) {
	if t.history == nil {
		t.history = &History{}
		t.stopping = EarlyStopping{Patience: t.Patience}
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

// epoch trains on every batch once, validates, and keeps what is best.
func (t *Trainer) epoch(ctx context.Context, epoch int) error {
	t.Console.epoch(epoch, t.Epochs)
	started := time.Now()
	trained, err := t.trainEpoch(ctx, epoch)
	if err != nil {
		return err
	}
	trained.Seconds = time.Since(started).Seconds()
	t.Console.trained(trained)

	scores, err := t.validate(ctx, epoch)
	if err != nil {
		return err
	}
	e := Epoch{Number: epoch, Train: trained, Val: scores, Average: average(scores)}
	t.Console.validated(e)

	best := t.stopping.Observe(epoch, e.Average)
	t.history.add(e, best)
	if best {
		if err := t.Save(t.history); err != nil {
			return fmt.Errorf("epoch %d: %w", epoch, err)
		}
		t.Console.saved()
	}
	t.Tracker.LogMetrics(int64(epoch), t.history.lastMetrics(t.stopping))
	if t.Keep == nil {
		return nil
	}
	return t.Keep()
}

// trainEpoch is one pass over the shuffled batches of all tasks.
func (t *Trainer) trainEpoch(ctx context.Context, epoch int) (Trained, error) {
	slots := datasets.Alternate(t.Train, stepSeed(t.Seed, epoch, -1))
	losses, norms := newLosses(), mean{}
	var trained Trained
	bar := t.Console.bar("Training", len(slots))
	defer bar.finish()
	for i, slot := range slots {
		if err := ctx.Err(); err != nil {
			return trained, err
		}
		b := slot.Batch()
		trained.Rate = t.schedule.Rate((epoch-1)*len(slots) + i)
		if err := torchx.Seed(stepSeed(t.Seed, epoch, i)); err != nil {
			return trained, fmt.Errorf("epoch %d: %w", epoch, err)
		}
		loss, norm, err := t.step(b, trained.Rate)
		if err != nil {
			return trained, fmt.Errorf("epoch %d, step %d (a %s batch of %d × %d tokens, records %v): %w",
				epoch, i+1, b.Task, b.Size, b.Length, b.Records, err)
		}
		if norm > 0 {
			losses.add(b.Task, loss)
			norms.add(norm)
		}
		trained.Samples += b.Size
		trained.Tokens += b.Tokens
		bar.step(t.Console.running(losses, t.Train))
	}
	trained.Loss, trained.GradNorm = losses.total.value(), norms.value()
	for _, l := range t.Train {
		trained.Losses = append(trained.Losses, Figure{l.Task.Name, losses.of(l.Task.Name)})
	}
	return trained, nil
}

// step makes one update from a batch and returns its loss and the norm of its
// gradient before clipping. A batch whose targets are all ignored changes
// nothing and returns zeros.
func (t *Trainer) step(b datasets.Batch, rate float64) (loss, norm float64, err error) {
	if err := t.optimizer.ZeroGrad(); err != nil {
		return 0, 0, err
	}
	loss, learned, err := t.gradient(b)
	if err != nil || !learned {
		return 0, 0, err
	}
	norm, err = t.optimizer.ClipGradNorm(t.MaxGradNorm)
	switch {
	case err != nil:
		return 0, 0, err
	case !finite(loss):
		return 0, 0, fmt.Errorf("loss is %v: %w; a lower training.learning_rate may help", loss, ErrNotFinite)
	case !finite(norm):
		return 0, 0, fmt.Errorf("gradient norm is %v: %w; a lower training.learning_rate may help", norm, ErrNotFinite)
	}
	return loss, norm, t.optimizer.Step(rate)
}

// gradient runs the forward and backward pass of a batch.
func (t *Trainer) gradient(b datasets.Batch) (value float64, learned bool, err error) {
	s := t.open(torchx.Training)
	defer func() { err = s.Close() }()
	loss := t.Model.Loss(s, t.Model.Forward(s, b), b)
	if loss == nil {
		return 0, false, nil
	}
	weighted := loss
	if weight, ok := t.LossWeights[b.Task]; ok && weight != 1 {
		weighted = s.Scale(loss, weight)
	}
	s.Backward(weighted)
	return s.Value(loss), true, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
