package trainer

import (
	"errors"
	"fmt"
	"math"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// step makes one update from a batch and returns its losses and the norm of
// its gradient before clipping. A batch whose targets are all ignored changes
// nothing, and has neither; nor does one whose loss or gradient is no finite
// number, which is ErrNotFinite.
func (t *Trainer) step(b datasets.Batch, rate float64) (losses []taskLoss, norm float64, err error) {
	if err := t.optimizer.ZeroGrad(); err != nil {
		return nil, 0, err
	}
	if t.Ranks == nil {
		losses, err = t.gradient(b)
	} else {
		losses, err = t.sharedGradient(b)
	}
	if err != nil || len(losses) == 0 {
		return nil, 0, err
	}
	norm, err = t.optimizer.ClipGradNorm(t.MaxGradNorm)
	if err != nil {
		return nil, 0, err
	}
	for _, loss := range losses {
		if !finite(loss.total) {
			return nil, 0, fmt.Errorf("loss of %s is %v: %w", loss.task, loss.total, ErrNotFinite)
		}
	}
	if !finite(norm) {
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
	defer func() { err = s.Close() }()
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

func (t *Trainer) lossWeight(task string) float64 {
	if weight, set := t.LossWeights[task]; set {
		return weight
	}
	return 1
}

// partLoss are a task's losses of a batch, scalars; nil where there are none.
type partLoss struct {
	task               string
	total              *ts.Tensor
	hard, soft, hidden *ts.Tensor // what the total is made of
}

// taskLoss are the values of a partLoss; NaN where there is none.
type taskLoss struct {
	task                      string
	total, hard, soft, hidden float64
}

func (p partLoss) values(s *torchx.Scope) taskLoss {
	value := func(loss *ts.Tensor) float64 {
		if loss == nil {
			return math.NaN()
		}
		return s.Value(loss)
	}
	return taskLoss{p.task, value(p.total), value(p.hard), value(p.soft), value(p.hidden)}
}

// sum is a + b, either of which may be nil.
func sum(s *torchx.Scope, a, b *ts.Tensor) *ts.Tensor {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return s.Add(a, b)
}

// scaled is x · factor; x may be nil.
func scaled(s *torchx.Scope, x *ts.Tensor, factor float64) *ts.Tensor {
	if x == nil || factor == 1 {
		return x
	}
	return s.Scale(x, factor)
}
