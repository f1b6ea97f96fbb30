package trainer

import (
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
	MaxGradNorm  float64 // 0 disables clipping
	MaxBadSteps  int     // abort after this many consecutive non-finite steps; 0 means after the first
	Seed         uint64  // of shuffling and dropout
	BF16         bool    // matrix products in bfloat16, weights in float32

	EvalSteps int     // validate every this many steps, and after the last; 0 means after each epoch
	Best      string  // what decides which weights are best: BestAverage, BestLoss, or a metric's name; "" is BestAverage
	Patience  int     // stop after this many validations without improvement; 0 disables it
	MinDelta  float64 // what counts as an improvement for Patience is more than this

	SaveSteps int           // also save the state every this many steps; 0 disables it
	SaveEvery time.Duration // also save when the last state is older than this; 0 disables it

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
	began     time.Time // by this process
	firstStep int       // after which it began
	stopAll   bool      // some rank was told to stop, as all ranks know
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

// left is how long the rest of the run takes if it goes on as it went for so long,
// validation and saving included, and isn't stopped early; 0 in the last epoch, of which
// the bar tells.
func (t *Trainer) left(took time.Duration) time.Duration {
	if t.progress.Step/t.progress.PerEpoch >= t.Epochs-1 {
		return 0
	}
	return terminal.Left(took, int64(t.progress.Step-t.firstStep), int64(t.schedule.Total-t.progress.Step))
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
