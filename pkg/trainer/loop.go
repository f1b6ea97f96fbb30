package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// Run trains until the last epoch, until patience is exhausted, or until ctx is done on
// any rank; then it finishes the step, saves the state, and returns ctx's error
// (context.Canceled if it was another rank's). It also saves the state when a rank is
// lost. The returned history is valid even with an error. The model has the weights of
// the last step; the [Checkpointer] has saved the best ones.
func (t *Trainer) Run(ctx context.Context) (*History, error) {
	if err := t.usable(); err != nil {
		return t.history, fmt.Errorf("run: %w", err)
	}
	now := time.Now()
	t.stateSavedAt, t.began, t.firstStep, t.stopAll = now, now, t.progress.Step, false
	err := t.takeSteps(ctx)
	stopped := err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if stopped || errors.Is(err, ErrLostRank) {
		if saveErr := t.saveState(ctx); err == nil {
			err = saveErr
		} else if saveErr != nil {
			err = fmt.Errorf("%w; %w", err, saveErr)
		}
	}
	if stopped {
		err = t.waitForState(err)
	}
	return t.history, err
}

// takeSteps takes all remaining steps.
func (t *Trainer) takeSteps(ctx context.Context) error {
	if t.resumed {
		t.logHistory()
		if err := t.saveBest(ctx); err != nil {
			return err
		}
	}
	if err := t.afterStep(ctx); err != nil { // not yet done when the state was saved
		return err
	}
	for t.progress.Step < t.plan.Schedule.Total && !t.stopped() {
		if err := t.epoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// steps returns the batches of each step of an epoch: one batch of one set, or, with
// [Settings].MixTasks, one of each.
func (t *Trainer) steps(epoch int) [][]datasets.BatchRef {
	seed := stepSeed(t.settings.Seed, epoch, -1)
	if t.settings.MixTasks {
		return datasets.Mix(t.train, seed)
	}
	var steps [][]datasets.BatchRef
	for _, ref := range datasets.Alternate(t.train, t.settings.Sampling.At(epoch, t.settings.Epochs), seed) {
		steps = append(steps, []datasets.BatchRef{ref})
	}
	return steps
}

// epoch takes the remaining steps of a pass over the shuffled batches of all sets.
func (t *Trainer) epoch(ctx context.Context) error {
	first := t.progress.Step % t.progress.PerEpoch
	number := t.progress.Step/t.progress.PerEpoch + 1
	steps := t.steps(number)
	t.notify(func(o Observer) {
		o.EpochBegin(Epoch{Number: number, Of: t.settings.Epochs, Steps: len(steps), Done: first})
	})
	defer t.notify(Observer.EpochEnd)
	for i := first; i < len(steps); i++ {
		if err := t.toldToStop(ctx); err != nil {
			return err
		}
		if err := t.trainStep(ctx, number, i, steps[i]); err != nil {
			return err
		}
		n := t.progress.Interval
		end := StepEnd{Step: t.progress.Step, Loss: n.Total.value(), Losses: n.losses(), Alone: n.last, Left: t.left(time.Since(t.began)), Rest: t.rest()}
		t.notify(func(o Observer) { o.StepEnd(end) })
		if err := t.afterStep(ctx); err != nil {
			return err
		}
		if t.stopped() {
			return nil
		}
	}
	return nil
}

// trainStep is step i of an epoch. A step with a non-finite loss or gradient doesn't
// change the weights; too many in a row end the run.
func (t *Trainer) trainStep(ctx context.Context, epoch, i int, refs []datasets.BatchRef) error {
	passes, whole := t.passes(refs)
	where := fmt.Sprintf("epoch %d, step %d (%s)", epoch, i+1, describe(whole...))
	p := &t.progress
	p.Interval.Rate = t.plan.Schedule.Rate(p.Step)
	result, err := t.step(ctx, passes, StepOptions{Rate: p.Interval.Rate, Seed: t.dropoutSeed(epoch, i), Done: t.done(p.Step)})
	switch {
	case errors.Is(err, ErrNotFinite):
		err = fmt.Errorf("%s: %w", where, err)
		if p.Bad+1 >= t.settings.MaxBadSteps {
			return tooManyBad(err, p.Bad)
		}
		p.Bad++
		if p.Interval.Skipped++; p.Interval.Skipped == 1 {
			t.notify(func(o Observer) { o.StepSkipped(err) })
		}
	case errors.Is(err, ErrLostRank): // no batch of this rank is the cause
		return fmt.Errorf("epoch %d, step %d: %w", epoch, i+1, err)
	case err != nil:
		return fmt.Errorf("%s: %w", where, explainMemory(err))
	default:
		p.Bad = 0
	}
	p.Interval.add(result, whole...)
	p.moved()
	t.stateSaved = false
	return nil
}

// StepOptions are the parameters of a step.
type StepOptions struct {
	Rate float64 // learning rate
	Seed uint64  // of dropout
	Done float64 // share of the run's steps before this one, 0 to 1: the weights of annealed teachers depend on it
}

// StepResult is the result of a step: zero if all of the batch's targets are ignored.
type StepResult struct {
	Losses []TaskLoss // of the tasks with targets, over all ranks
	Norm   float64    // of the gradient, before clipping
}

// Step updates the weights from a batch: forward and backward pass, clipping, optimizer.
// [Trainer.Run] calls it for each batch. It changes only the weights, the optimizer's
// state and that of [Settings].Balance, not the history and position of a run. With [Ranks], all ranks call it, each
// with its share of the batch, whose targets have the whole batch's denominators. A
// batch whose targets are all ignored changes nothing; nor does one with a non-finite
// loss or gradient, which is ErrNotFinite.
func (t *Trainer) Step(ctx context.Context, b datasets.Batch, o StepOptions) (StepResult, error) {
	if o.Rate < 0 || !numbers.Finite(o.Rate) {
		return StepResult{}, fmt.Errorf("StepOptions.Rate is %v: it must be 0 or more", o.Rate)
	}
	if !(o.Done >= 0 && o.Done <= 1) {
		return StepResult{}, fmt.Errorf("StepOptions.Done is %v: it must be from 0 to 1", o.Done)
	}
	if err := t.usable(); err != nil {
		return StepResult{}, fmt.Errorf("step: %w", err)
	}
	return t.step(ctx, []datasets.Batch{b}, o)
}

// step is Step on the batches of a step, or their parts, in several passes.
func (t *Trainer) step(ctx context.Context, passes []datasets.Batch, o StepOptions) (StepResult, error) {
	if err := torchx.Seed(o.Seed); err != nil {
		return StepResult{}, err
	}
	t.objective = at(t.objective, o.Done)
	if err := t.optimizer.ZeroGrad(); err != nil {
		return StepResult{}, err
	}
	losses, norms, err := t.sumTasks(ctx, passes)
	t.progress.Balance.Steps++
	if err != nil || len(losses) == 0 {
		return StepResult{}, err
	}
	norm, err := t.optimizer.ClipGradNorm(t.clipLimit(passes))
	if err != nil {
		return StepResult{}, err
	}
	for _, loss := range losses {
		if !numbers.Finite(loss.Total) {
			return StepResult{}, fmt.Errorf("loss of %s is %v: %w", loss.Task, loss.Total, ErrNotFinite)
		}
	}
	if !numbers.Finite(norm) {
		return StepResult{}, fmt.Errorf("gradient norm is %v: %w", norm, ErrNotFinite)
	}
	t.learnBalance(losses, norms)
	return StepResult{losses, norm}, t.optimizer.Step(o.Rate)
}

// gradient runs the forward and backward pass of a batch. An empty share of a batch
// has neither gradient nor losses.
func (t *Trainer) gradient(b datasets.Batch) (losses []TaskLoss, err error) {
	if b.Size == 0 {
		return nil, nil
	}
	s := t.open(torchx.Training)
	defer func() { err = errors.Join(err, s.Close()) }()
	parts := t.objective.Losses(s, b)
	var total *ts.Tensor
	for _, part := range parts {
		total = sum(s, total, scaled(s, part.minimised(), t.lossWeight(part.Task)))
	}
	if total == nil {
		return nil, nil
	}
	s.Backward(total)
	for _, part := range parts {
		losses = append(losses, part.values(s))
	}
	return losses, nil
}

// afterStep validates and saves the state if these are due.
func (t *Trainer) afterStep(ctx context.Context) error {
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
	if !t.progress.Validated && t.validationDue(t.progress.Step, ends) {
		if err := t.validate(ctx); err != nil {
			return err
		}
	}
	t.progress.Validated = true
	if ends && t.progress.Interval.Samples > 0 {
		t.progress.Interval, t.stateSaved = newInterval(t.train), false
	}
	if ends || t.saveDue() {
		return t.saveState(ctx)
	}
	return nil
}

// validationDue reports whether validation is due after that many steps.
func (t *Trainer) validationDue(steps int, epochEnds bool) bool {
	if t.settings.EvalSteps == 0 {
		return epochEnds
	}
	return steps%t.settings.EvalSteps == 0 || steps == t.plan.Schedule.Total
}

// validate scores the model and saves it if it is the best so far.
func (t *Trainer) validate(ctx context.Context) (err error) {
	e := Evaluation{Epoch: t.progress.epoch(), Step: t.progress.Step, Train: t.progress.Interval.result()}
	e.Train.Weights = t.weightsInUse()
	e.Train.Parts = append(e.Train.Parts, t.annealedWeights(e.Step)...)
	t.notify(func(o Observer) { o.IntervalEnd(e.Train) })
	if e.Val, err = t.Evaluate(ctx, t.val); err != nil {
		return fmt.Errorf("epoch %d: validation: %w", e.Epoch, err)
	}
	e.Average = average(e.Val)
	if !numbers.Finite(e.loss()) || !numbers.Finite(e.Average) {
		return fmt.Errorf("epoch %d: validation gives a loss of %v and a score of %v: %w; a lower training.learning_rate may help", e.Epoch, e.loss(), e.Average, ErrNotFinite)
	}
	if e.Score, err = e.decisive(t.settings.Best); err != nil {
		return err
	}
	best := t.isBest(&t.stopping, e)
	t.notify(func(o Observer) { o.Evaluated(e, best) })
	t.history.add(e, best)
	t.progress.Validated, t.progress.Best, t.progress.Interval = true, best, newInterval(t.train)
	t.stateSaved = false
	if err := t.saveBest(ctx); err != nil {
		return err
	}
	t.logLast(t.history, t.stopping)
	return nil
}
