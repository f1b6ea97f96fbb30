package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// Settings are the hyperparameters of a run.
type Settings struct {
	Epochs       int
	LearningRate float64 // at its peak
	WeightDecay  float64
	WarmupRatio  float64 // share of all steps
	WarmupSteps  int     // instead of WarmupRatio, if it isn't 0
	MaxGradNorm  float64
	MaxBadSteps  int    // so many steps in a row without a finite loss and gradient end the run; 0: the first does
	Seed         uint64 // of shuffling and dropout
	BF16         bool   // matrix products in bfloat16, weights in float32

	EvalSteps int     // validate every so many steps, and after the last; 0: after each epoch
	Best      string  // what decides which weights are best: BestAverage, BestLoss, or a metric's name; "" is BestAverage
	Patience  int     // validations without improvement that end the run; 0: none do
	MinDelta  float64 // what counts as an improvement for Patience is more than this

	SaveSteps int           // store the state every so many steps; 0: don't count
	SaveEvery time.Duration // and when the last is so old; 0: don't look

	CompressGradients bool // between ranks: bfloat16, half the bytes

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

	// Ranks, where set, are the processes that train together; nil: this one
	// alone. Each has the same settings and loaders, whose BatchSize is that of all
	// ranks together, and takes its share of each batch: the run is that of one
	// process. Save, Keep and Tracker are called on all ranks.
	Ranks Ranks

	// Save keeps the model as the best checkpoint, with the history so far.
	// Keep, where set, stores the state from which [Trainer.Resume] goes on; see
	// [Trainer.SaveState]. It is called at the end of each epoch, as often as
	// SaveSteps and SaveEvery say, before Save, and when the run ends or is
	// stopped.
	Save func(*History) error
	Keep func() error

	history   *History
	progress  Progress
	stopping  EarlyStopping
	optimizer *torchx.AdamW
	schedule  LinearWarmup
	resumed   bool
	kept      bool // nothing has happened since Keep
	keptAt    time.Time
	keptStep  int
	began     time.Time       // by this process
	firstStep int             // after which it began
	local     context.Context // of this rank alone
	halt      context.CancelFunc
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
// done, on any rank; then it finishes the step, keeps the state, and returns
// context.Canceled. It keeps the state, too, when a rank is lost.
// What it returns of the history is valid beside an error as well. The model is
// left as the last step made it; the best one is what Save was given.
func (t *Trainer) Run(ctx context.Context) (*History, error) {
	if err := t.begin(); err != nil {
		return t.history, err
	}
	defer t.optimizer.Drop()
	ctx, done := t.together(ctx)
	defer done()
	t.began, t.firstStep = time.Now(), t.progress.Step
	err := t.train(ctx)
	stopped := err == nil || errors.Is(err, ctx.Err())
	if stopped || errors.Is(err, ErrLostRank) {
		if keepErr := t.keep(); err == nil {
			err = keepErr
		} else if keepErr != nil {
			err = fmt.Errorf("%w; %w", err, keepErr)
		}
	}
	if stopped {
		err = t.waitForKeep(err)
	}
	return t.history, err
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

// Progress returns where the run stands.
func (t *Trainer) Progress() Progress { return t.progress }

// Kept returns after which step the state was last stored, by Keep or by the
// run that is resumed; 0: none.
func (t *Trainer) Kept() int { return t.keptStep }

func (t *Trainer) newStopping() EarlyStopping {
	return EarlyStopping{Patience: t.Patience, MinDelta: t.MinDelta, Lower: t.Best == BestLoss}
}

// begin makes ready what isn't yet.
func (t *Trainer) begin() (err error) {
	if t.history == nil {
		t.history = &History{}
		t.stopping = t.newStopping()
		t.progress = Progress{PerEpoch: t.StepsPerEpoch(), Validated: true, Interval: newInterval(t.Train)}
		t.kept = true
	}
	if t.Tracker == nil {
		t.Tracker = noTracker{}
	}
	t.schedule, t.keptAt = t.Schedule(), time.Now()
	if t.optimizer == nil {
		t.optimizer, err = torchx.NewAdamW(t.Model.Params(), t.WeightDecay)
	}
	return err
}

// train takes all steps that are left.
func (t *Trainer) train(ctx context.Context) error {
	if t.resumed {
		t.track()
		if err := t.saveBest(); err != nil {
			return err
		}
	}
	if err := t.settle(ctx, nil); err != nil { // what the state was stored before
		return err
	}
	for t.progress.Step < t.schedule.Total && !t.stopped() {
		if err := t.epoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// epoch is one pass over the shuffled batches of all sets, or what is left of it.
func (t *Trainer) epoch(ctx context.Context) error {
	first := t.progress.Step % t.progress.PerEpoch
	number := t.progress.Step/t.progress.PerEpoch + 1
	t.Console.epoch(number, t.Epochs)
	slots := datasets.Alternate(t.Train, t.Sampling, stepSeed(t.Seed, number, -1))
	bar := t.Console.bar("Training", len(slots))
	defer bar.finish()
	bar.from(first)
	for i := first; i < len(slots); i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.advance(number, i, t.share(slots[i])); err != nil {
			return err
		}
		bar.step(t.Console.running(t.progress.Interval, t.left(time.Since(t.began))))
		if err := t.settle(ctx, bar.clear); err != nil {
			return err
		}
		if t.stopped() {
			return nil
		}
	}
	return nil
}

// left is how long the rest of the run takes if it goes on as it went for so long,
// validation and saving included, and isn't stopped early; 0 in the last epoch, of which
// the bar tells.
func (t *Trainer) left(took time.Duration) time.Duration {
	if t.progress.Step/t.progress.PerEpoch >= t.Epochs-1 {
		return 0
	}
	return terminal.Left(took, int64(t.progress.Step-t.firstStep), int64(t.schedule.Total-t.progress.Step))
}

// settle does what is due after a step: validation, and storing the state.
// before, where set, is called before anything is printed.
func (t *Trainer) settle(ctx context.Context, before func()) error {
	if t.progress.Step == 0 {
		return nil
	}
	ends := t.progress.epochEnds()
	if ends {
		t.history.Completed = t.progress.epoch()
		if err := t.AlignWeights(); err != nil { // processors of different kinds round differently
			return err
		}
	}
	if !t.progress.Validated && t.due(t.progress.Step, ends) {
		if before != nil {
			before()
		}
		if err := t.evaluate(ctx); err != nil {
			return err
		}
	}
	t.progress.Validated = true
	if ends && t.progress.Interval.Samples > 0 {
		t.progress.Interval, t.kept = newInterval(t.Train), false
	}
	if ends || t.keepDue() {
		return t.keep()
	}
	return nil
}

// due reports whether to validate after so many steps.
func (t *Trainer) due(steps int, epochEnds bool) bool {
	if t.EvalSteps == 0 {
		return epochEnds
	}
	return steps%t.EvalSteps == 0 || steps == t.schedule.Total
}

// evaluate validates, and keeps what is best.
func (t *Trainer) evaluate(ctx context.Context) (err error) {
	e := Evaluation{Epoch: t.progress.epoch(), Step: t.progress.Step, Train: t.progress.Interval.result()}
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
	t.progress.Validated, t.progress.Best, t.progress.Interval = true, best, newInterval(t.Train)
	t.kept = false
	if err := t.saveBest(); err != nil {
		return err
	}
	t.Tracker.LogMetrics(t.axis(e), t.history.lastMetrics(t.stopping))
	return nil
}

// saveBest saves the weights if they are the best so far. The state is stored
// first: it holds the same weights, so that a run which is stopped in between
// saves them when it is resumed. The checkpoint is thus never ahead of the
// newest state.
func (t *Trainer) saveBest() error {
	if !t.progress.Best {
		return nil
	}
	if err := t.keep(); err != nil {
		return err
	}
	err := t.checkWeights()
	if err == nil {
		err = t.Save(t.history)
	}
	if err != nil {
		return fmt.Errorf("epoch %d: %w", t.progress.epoch(), err)
	}
	t.Console.saved()
	return nil
}

// axis is where a tracker shows a validation's figures.
func (t *Trainer) axis(e Evaluation) int64 {
	if t.EvalSteps > 0 {
		return int64(e.Step)
	}
	return int64(e.Epoch)
}

// track logs the history of a resumed run. A tracker may have lost what the
// stopped process had still to write; it leaves out what it holds.
func (t *Trainer) track() {
	so, stopping := History{}, t.newStopping()
	for _, e := range t.history.All {
		so.add(e, stopping.Observe(e.Epoch, e.Score))
		t.Tracker.LogMetrics(t.axis(e), so.lastMetrics(stopping))
	}
}
