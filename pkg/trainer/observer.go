package trainer

import "time"

// Observer receives the events of a run: a console, an experiment tracker, a test. Its
// methods are called in order, by the goroutine that trains, on all ranks; they must
// neither block nor fail. Implementations embed [BaseObserver] and define the methods
// that they need.
type Observer interface {
	// EpochBegin is called before an epoch's first step, or its first remaining step in
	// a resumed run. EpochEnd is called after its last step and the validation and
	// saving that follow it, or when the run ends within the epoch.
	EpochBegin(e Epoch)
	EpochEnd()
	// StepEnd is called after each step, before validation and saving.
	StepEnd(s StepEnd)
	// StepSkipped is called for the first step with a non-finite loss or gradient since
	// a validation. err describes it; StepEnd follows.
	StepSkipped(err error)

	// IntervalEnd is called before a validation, with the results of training since the
	// previous one.
	IntervalEnd(t Trained)
	// EvaluationBegin is called before a number of batches is scored, EvaluationStep
	// after each of them, and EvaluationEnd at the end, also after an error.
	// [Trainer.Evaluate] calls them outside of a run too.
	EvaluationBegin(batches int)
	EvaluationStep()
	EvaluationEnd()
	// Evaluated is called with a validation's results, before anything is saved.
	Evaluated(e Evaluation, best bool)
	// CheckpointSaved is called after the best weights so far have been saved.
	CheckpointSaved()
	// LogMetrics adds a point to each metric's curve; step is the epoch, or the training
	// step if [Settings] has EvalSteps. It is called after the state and the checkpoint
	// have been saved, so nothing is logged that a resumed run repeats. A resumed run
	// first calls it for all earlier validations: the tracker may have lost unsent
	// points of the stopped process, and skips those it has.
	// and leaves out what it holds.
	LogMetrics(step int64, values map[string]float64)
	// EarlyStopped is called when the run ends because a number of validations brought
	// no improvement; best is the epoch of the best one.
	EarlyStopped(validations, best int)
}

// Epoch describes the epoch that begins.
type Epoch struct {
	Number, Of  int // from 1
	Steps, Done int // of the epoch; steps done before the run was resumed
}

// StepEnd is the progress of a run after a step.
type StepEnd struct {
	Step   int           // of the whole run, from 1
	Loss   float64       // mean over the batches since the last validation
	Losses []Figure      // the same by task
	Alone  []Figure      // of this step alone: each task's loss, and their sum under the name ""; none if it was skipped
	Left   time.Duration // estimate for the rest of the run without early stopping; 0: not known yet
	Rest   int           // steps after this one, without early stopping
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

// Observe adds an observer for all further events. It ignores nil.
func (t *Trainer) Observe(o Observer) {
	if o != nil {
		t.observers = append(t.observers, o)
	}
}

// notify calls a method of every observer.
func (t *Trainer) notify(call func(Observer)) {
	for _, o := range t.observers {
		call(o)
	}
}
