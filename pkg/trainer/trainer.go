package trainer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Deps are the parts of a [Trainer].
type Deps struct {
	Model     Model
	Objective Objective // instead of Model: one that computes its own losses
	// Train and Val have a loader for each set. Without Val there is no validation, and
	// the latest weights are always the best.
	Train, Val []datasets.Loader

	// Ranks are the processes that train together; nil: a single process. All have the
	// same settings and loaders, whose BatchSize is the total over all ranks, and each
	// takes its share of every batch: the result is that of a single process.
	Ranks Ranks

	Observers    []Observer
	Checkpointer Checkpointer // nil: nothing is saved by this process
}

// Trainer trains a model by task alternation: in each epoch the batches of all sets are
// shuffled into one list, and each step runs only the encoder and the heads of its
// batch's tasks.
type Trainer struct {
	settings     Settings
	objective    Objective
	train, val   []datasets.Loader
	ranks        Ranks // nil: a single process
	observers    []Observer
	checkpointer Checkpointer // nil: none

	plan      Plan
	optimizer *torchx.AdamW
	params    []*ts.Tensor // that are trained
	encoder   []*ts.Tensor // those below the heads; nil unless Settings.Balance needs them

	history  *History
	progress Progress
	stopping EarlyStopping
	resumed  bool
	dropped  bool

	stateSaved   bool // nothing has changed since the state was saved
	stateSavedAt time.Time
	savedStep    int

	began     time.Time // in this process
	firstStep int       // the step after which this process began
	stopAll   bool      // some rank was asked to stop; the same on all ranks
}

// New returns a trainer that is ready to run, or to [Trainer.Resume] a run. It refuses
// invalid settings and parts, naming the fields. The caller must drop the trainer,
// before the model.
func New(s Settings, d Deps) (*Trainer, error) {
	s = s.withDefaults()
	if wrong := append(d.check(s), s.check(d.taskNames())...); len(wrong) > 0 {
		return nil, fmt.Errorf("make a trainer: %s", strings.Join(wrong, "; "))
	}
	if err := s.checkBest(d.Val); err != nil {
		return nil, fmt.Errorf("make a trainer: %w", err)
	}
	t := &Trainer{
		settings: s, objective: d.objective(s), train: d.Train, val: d.Val,
		ranks: d.Ranks, observers: d.Observers, checkpointer: d.Checkpointer,
		plan: NewPlan(s, d.Train), history: &History{}, stateSaved: true,
	}
	t.stopping = t.newStopping()
	t.progress = Progress{PerEpoch: t.plan.StepsPerEpoch, Validated: true, Interval: newInterval(t.train)}
	if err := t.usable(); err != nil {
		return nil, fmt.Errorf("make a trainer: %w", err)
	}
	trainable := t.objective.Params().Trainable()
	t.params = tensorsOf(trainable)
	list, err := groups(d.model(), s)
	if s.Balance == BalanceGradientNorm && err == nil {
		if model, ok := d.model().(layered); ok {
			t.encoder = encoderParams(model, trainable)
		} else {
			err = errNoLayers
		}
	}
	if err == nil {
		t.optimizer, err = torchx.NewAdamW(t.objective.Params().Device(), list...)
	}
	if err != nil {
		return nil, fmt.Errorf("make a trainer: %w", err)
	}
	return t, nil
}

// check returns the missing parts, and the loaders without batches.
func (d Deps) check(s Settings) (wrong []string) {
	switch {
	case d.Model == nil && d.Objective == nil:
		wrong = append(wrong, "Deps.Model is nil: there is nothing to train")
	case d.Model != nil && d.Objective != nil:
		wrong = append(wrong, "Deps.Model and Deps.Objective are both set: which shall be trained?")
	case d.Objective != nil && s.Balance != BalanceFixed:
		wrong = append(wrong, fmt.Sprintf("Settings.Balance is %q: with Deps.Objective, which has its own losses, it must be empty", s.Balance))
	case d.Objective != nil && len(s.Distill) > 0:
		wrong = append(wrong, "Settings.Distill is set: with Deps.Objective, which has its own losses, it has no effect")
	}
	if s.Epochs > 0 && len(d.Train) == 0 {
		wrong = append(wrong, "Deps.Train is empty: Settings.Epochs needs sets to train on")
	}
	if n := len(d.Train); s.MixTasks && n > 0 && d.Train[0].BatchSize < n {
		wrong = append(wrong, fmt.Sprintf("Deps.Train[0].BatchSize is %d: with Settings.MixTasks it must be at least the number of sets, %d", d.Train[0].BatchSize, n))
	}
	if len(d.Val) == 0 && (s.Patience > 0 || s.Best != BestAverage) {
		wrong = append(wrong, "Deps.Val is empty: Settings.Patience and Settings.Best need sets to validate on")
	}
	for _, field := range []struct {
		name    string
		loaders []datasets.Loader
	}{{"Train", d.Train}, {"Val", d.Val}} {
		wrong = append(wrong, checkLoaders("Deps."+field.name, field.loaders)...)
	}
	for i, l := range d.Train {
		for _, task := range l.Taught {
			if taught := s.Distill[task.Name]; !(taught.Temperature > 0) {
				wrong = append(wrong, fmt.Sprintf("Deps.Train[%d].Taught has task %q: Settings.Distill must have its Temperature, above 0", i, task.Name))
			}
		}
	}
	for i, l := range d.Val {
		if len(l.Taught) > 0 {
			wrong = append(wrong, fmt.Sprintf("Deps.Val[%d].Taught is set: only training sets are taught", i))
		}
	}
	for i, o := range d.Observers {
		if o == nil {
			wrong = append(wrong, fmt.Sprintf("Deps.Observers[%d] is nil: leave it out", i))
		}
	}
	return wrong
}

// model is what is trained, without its losses.
func (d Deps) model() Trainable {
	if d.Objective != nil {
		return d.Objective
	}
	return d.Model
}

// objective is what is trained.
func (d Deps) objective(s Settings) Objective {
	if d.Objective != nil {
		return d.Objective
	}
	m := multitask{Model: d.Model, distill: s.Distill}
	if s.Balance == BalanceLogClasses {
		m.headWeights = headWeightsOf(d.Train)
	}
	return m
}

// checkLoaders says which loaders have no batches, or an example whose labels aren't
// those of its tasks.
func checkLoaders(name string, loaders []datasets.Loader) (wrong []string) {
	for i, l := range loaders {
		if len(l.Tasks)+len(l.Taught) == 0 || len(l.Examples) == 0 || l.BatchSize <= 0 {
			wrong = append(wrong, fmt.Sprintf("%s[%d] has %d tasks and %d examples in batches of %d: each must be 1 or more",
				name, i, len(l.Tasks)+len(l.Taught), len(l.Examples), l.BatchSize))
		}
		if l.Vary != nil { // which labels them
			continue
		}
		for j, ex := range l.Examples {
			if err := errors.Join(ex.Check(l.Tasks), ex.CheckTaught(l.Taught)); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s[%d].Examples[%d]: %v", name, i, j, err))
				break // others are likely to have the same mistake
			}
		}
	}
	return wrong
}

// taskNames returns the names of the training sets' tasks.
func (d Deps) taskNames() []string {
	var names []string
	for _, l := range d.Train {
		names = append(names, tasks.Names(l.Tasks)...)
	}
	return names
}

// Drop frees the optimizer's state, not the model. The trainer can't be used afterwards.
func (t *Trainer) Drop() {
	t.optimizer.Drop()
	t.dropped = true
}

// usable returns an error if the trainer or its model was dropped.
func (t *Trainer) usable() error {
	switch {
	case t.dropped:
		return errors.New("the trainer was dropped: make another with New")
	case len(t.objective.Params().All()) == 0:
		return errors.New("the model was dropped: drop it after the trainer")
	}
	return nil
}

// Plan returns the run's steps and learning rates.
func (t *Trainer) Plan() Plan { return t.plan }

// History returns the history so far.
func (t *Trainer) History() *History { return t.history }

// Progress returns the position of the run.
func (t *Trainer) Progress() Progress { return t.progress }

func (t *Trainer) newStopping() EarlyStopping {
	return EarlyStopping{Patience: t.settings.Patience, MinDelta: t.settings.MinDelta, Lower: lowerIsBetter(t.settings.Best)}
}

// isBest passes a validation to early stopping, and reports whether it is the best so
// far. While the weight of a teacher is falling, patience isn't used up.
func (t *Trainer) isBest(stopping *EarlyStopping, e Evaluation) bool {
	best := stopping.Observe(e.Epoch, e.Score) || len(t.val) == 0
	if t.annealing(e.Step) {
		stopping.waiting = 0
	}
	return best
}

// stopped reports, and records, whether patience is exhausted.
func (t *Trainer) stopped() bool {
	if !t.stopping.Stop() {
		return false
	}
	if !t.history.StoppedEarly {
		t.history.StoppedEarly = true
		t.notify(func(o Observer) { o.EarlyStopped(t.stopping.waiting, t.stopping.epoch) })
	}
	return true
}

// rest is the number of the run's remaining steps, without early stopping.
func (t *Trainer) rest() int { return t.plan.Schedule.Total - t.progress.Step }

// left estimates the duration of the rest of the run at the same pace, including
// validation and saving, without early stopping; 0: that isn't known.
func (t *Trainer) left(took time.Duration) time.Duration {
	return terminal.Left(took, int64(t.progress.Step-t.firstStep), int64(t.rest()))
}

// axis is the position of a validation in a tracker's charts.
func (t *Trainer) axis(e Evaluation) int64 {
	if t.settings.EvalSteps > 0 {
		return int64(e.Step)
	}
	return int64(e.Epoch)
}

// logHistory logs all validations of a resumed run again; see [Observer].LogMetrics.
func (t *Trainer) logHistory() {
	so, stopping := History{}, t.newStopping()
	for _, e := range t.history.All {
		so.add(e, t.isBest(&stopping, e))
		t.logLast(&so, stopping)
	}
}

// logLast logs the last validation of a history.
func (t *Trainer) logLast(h *History, stopping EarlyStopping) {
	step, values := t.axis(h.All[len(h.All)-1]), h.lastMetrics(stopping)
	t.notify(func(o Observer) { o.LogMetrics(step, values) })
}
