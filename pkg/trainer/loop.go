package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

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
	t.began, t.firstStep, t.stopAll = time.Now(), t.progress.Step, false
	err := t.train(ctx)
	stopped := err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
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

// train takes all steps that are left.
func (t *Trainer) train(ctx context.Context) error {
	if t.resumed {
		t.track()
		if err := t.saveBest(); err != nil {
			return err
		}
	}
	if err := t.afterStep(ctx, nil); err != nil { // what the state was stored before
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
	refs := datasets.Alternate(t.Train, t.Sampling, stepSeed(t.Seed, number, -1))
	bar := t.Console.bar("Training", len(refs))
	defer bar.finish()
	bar.from(first)
	for i := first; i < len(refs); i++ {
		if err := t.toldToStop(ctx); err != nil {
			return err
		}
		if err := t.trainStep(ctx, number, i, t.share(refs[i])); err != nil {
			return err
		}
		bar.step(t.Console.running(t.progress.Interval, t.left(time.Since(t.began))))
		if err := t.afterStep(ctx, bar.clear); err != nil {
			return err
		}
		if t.stopped() {
			return nil
		}
	}
	return nil
}

// trainStep is step i of an epoch. A step whose loss or gradient isn't finite
// leaves the weights as they are; too many in a row end the run.
func (t *Trainer) trainStep(ctx context.Context, epoch, i int, b datasets.Batch) error {
	where := fmt.Sprintf("epoch %d, step %d (%s)", epoch, i+1, describe(*b.All()))
	if err := torchx.Seed(t.dropoutSeed(epoch, i)); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	p := &t.progress
	p.Interval.Rate = t.schedule.Rate(p.Step)
	losses, norm, err := t.update(ctx, b, p.Interval.Rate)
	switch {
	case errors.Is(err, ErrNotFinite):
		err = fmt.Errorf("%s: %w", where, err)
		if p.Bad+1 >= t.MaxBadSteps {
			return tooManyBad(err, p.Bad)
		}
		p.Bad++
		if p.Interval.Skipped++; p.Interval.Skipped == 1 {
			t.Console.skipped(err)
		}
	case err != nil:
		return fmt.Errorf("%s: %w", where, explainMemory(err))
	default:
		p.Bad = 0
	}
	p.Interval.add(*b.All(), losses, norm)
	p.moved()
	t.kept = false
	return nil
}

// update makes one update of the weights from a batch and returns its losses and the norm of
// its gradient before clipping. A batch whose targets are all ignored changes
// nothing, and has neither; nor does one whose loss or gradient is no finite
// number, which is ErrNotFinite.
func (t *Trainer) update(ctx context.Context, b datasets.Batch, rate float64) (losses []taskLoss, norm float64, err error) {
	if err := t.optimizer.ZeroGrad(); err != nil {
		return nil, 0, err
	}
	if t.Ranks == nil {
		losses, err = t.gradient(b)
	} else {
		losses, err = t.sharedGradient(ctx, b)
	}
	if err != nil || len(losses) == 0 {
		return nil, 0, err
	}
	norm, err = t.optimizer.ClipGradNorm(cmp.Or(t.MaxGradNorm, math.Inf(1)))
	if err != nil {
		return nil, 0, err
	}
	for _, loss := range losses {
		if !numbers.Finite(loss.total) {
			return nil, 0, fmt.Errorf("loss of %s is %v: %w", loss.task, loss.total, ErrNotFinite)
		}
	}
	if !numbers.Finite(norm) {
		return nil, 0, fmt.Errorf("gradient norm is %v: %w", norm, ErrNotFinite)
	}
	return losses, norm, t.optimizer.Step(rate)
}

// gradient runs the forward and backward pass of a batch: one pass of the
// encoder, and the heads of each of the batch's tasks. An empty share of a batch
// has neither gradient nor losses.
func (t *Trainer) gradient(b datasets.Batch) (losses []taskLoss, err error) {
	if b.Size == 0 {
		return nil, nil
	}
	teachers, err := t.teacherHidden(b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dropAll(teachers)) }()
	s := t.open(torchx.Training)
	defer func() { err = errors.Join(err, s.Close()) }()
	hidden, mask := t.Model.Hidden(s, b)
	var total *ts.Tensor
	var parts []partLoss
	for _, part := range b.Parts {
		logits := t.Model.Logits(s, part.Task, hidden, mask)
		loss := partLoss{task: part.Task, hard: t.Model.Loss(s, b, part, logits)}
		if d, distilled := t.Distil[part.Task]; distilled {
			d.learn(s, &loss, t.Model, b, part, logits, hidden, teachers[part.Task], mask)
		} else {
			loss.total = loss.hard
		}
		if loss.total == nil {
			continue
		}
		parts = append(parts, loss)
		total = sum(s, total, scaled(s, loss.total, t.lossWeight(part.Task)))
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

// afterStep does what is due after a step: validation, and storing the state.
// before, where set, is called before anything is printed.
func (t *Trainer) afterStep(ctx context.Context, before func()) error {
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
		if before != nil {
			before()
		}
		if err := t.validate(ctx); err != nil {
			return err
		}
	}
	t.progress.Validated = true
	if ends && t.progress.Interval.Samples > 0 {
		t.progress.Interval, t.kept = newInterval(t.Train), false
	}
	if ends || t.saveDue() {
		return t.keep()
	}
	return nil
}

// validationDue reports whether validation is due after that many steps.
func (t *Trainer) validationDue(steps int, epochEnds bool) bool {
	if t.EvalSteps == 0 {
		return epochEnds
	}
	return steps%t.EvalSteps == 0 || steps == t.schedule.Total
}

// validate scores the model, and saves it if it is the best so far.
func (t *Trainer) validate(ctx context.Context) (err error) {
	e := Evaluation{Epoch: t.progress.epoch(), Step: t.progress.Step, Train: t.progress.Interval.result()}
	t.Console.trained(e.Train)
	if e.Val, err = t.Evaluate(ctx, t.Val); err != nil {
		return fmt.Errorf("epoch %d: validation: %w", e.Epoch, err)
	}
	e.Average = average(e.Val)
	if !numbers.Finite(e.loss()) || !numbers.Finite(e.Average) {
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
