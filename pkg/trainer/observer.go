package trainer

import "time"

// Observer is told what happens in a run: a console, an experiment tracker, a
// test. Its methods are called in order, by the goroutine that trains, on all
// ranks; they neither block nor fail training. An implementation embeds
// [BaseObserver] and writes the methods that it needs.
type Observer interface {
	// EpochBegin is called before an epoch's first step, or the first one that is
	// left of it in a resumed run; EpochEnd after its last step, what is due after
	// that included, or when the run ends within it.
	EpochBegin(e Epoch)
	EpochEnd()
	// StepEnd is called after each step, before validation and saving.
	StepEnd(s StepEnd)
	// StepSkipped is called for the first step since a validation whose loss or
	// gradient isn't finite. err says which and why; StepEnd follows.
	StepSkipped(err error)

	// IntervalEnd is called before a validation, with what training gave since the
	// one before.
	IntervalEnd(t Trained)
	// EvaluationBegin, EvaluationStep and EvaluationEnd are called before the first
	// of so many batches is scored, after each, and at the end, errors included;
	// [Trainer.Evaluate] calls them outside of a run as well.
	EvaluationBegin(batches int)
	EvaluationStep()
	EvaluationEnd()
	// Evaluated is called with a validation's figures, before anything is saved.
	Evaluated(e Evaluation, best bool)
	// CheckpointSaved is called after the best weights so far were saved.
	CheckpointSaved()
	// LogMetrics adds a point to each metric's curve; the step is the epoch, or
	// the training step where [Settings] has EvalSteps. It is called for a
	// validation after state and checkpoint were saved, so nothing is logged that
	// a resumed run does again. A resumed run first calls it for all validations
	// so far: a tracker may have lost what the stopped process had still to write,
	// and leaves out what it holds.
	LogMetrics(step int64, values map[string]float64)
	// EarlyStopped is called when so many validations brought no improvement
	// that the run ends; best is the epoch of the best one.
	EarlyStopped(validations, best int)
}

// Epoch is an epoch that begins.
type Epoch struct {
	Number, Of  int // from 1
	Steps, Done int // of the epoch; those that a resumed run has done before
}

// StepEnd is where a run stands after a step.
type StepEnd struct {
	Step   int           // of the whole run, from 1
	Loss   float64       // mean over the batches since the last validation
	Losses []Figure      // the same for each task
	Left   time.Duration // of the whole run if it isn't stopped early; 0 in the last epoch
}

// BaseObserver is an [Observer] that does nothing.
type BaseObserver struct{}

// EpochBegin implements [Observer].
func (BaseObserver) EpochBegin(Epoch) {}

// EpochEnd implements [Observer].
func (BaseObserver) EpochEnd() {}

// StepEnd implements [Observer].
func (BaseObserver) StepEnd(StepEnd) {}

// StepSkipped implements [Observer].
func (BaseObserver) StepSkipped(error) {}

// IntervalEnd implements [Observer].
func (BaseObserver) IntervalEnd(Trained) {}

// EvaluationBegin implements [Observer].
func (BaseObserver) EvaluationBegin(int) {}

// EvaluationStep implements [Observer].
func (BaseObserver) EvaluationStep() {}

// EvaluationEnd implements [Observer].
func (BaseObserver) EvaluationEnd() {}

// Evaluated implements [Observer].
func (BaseObserver) Evaluated(Evaluation, bool) {}

// CheckpointSaved implements [Observer].
func (BaseObserver) CheckpointSaved() {}

// LogMetrics implements [Observer].
func (BaseObserver) LogMetrics(int64, map[string]float64) {}

// EarlyStopped implements [Observer].
func (BaseObserver) EarlyStopped(int, int) {}

// Observe adds an observer, which is told of what happens from now on.
func (t *Trainer) Observe(o Observer) { t.observers = append(t.observers, o) }

// notify calls a method of each observer.
func (t *Trainer) notify(call func(Observer)) {
	for _, o := range t.observers {
		call(o)
	}
}
