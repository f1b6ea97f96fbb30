package heads

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Target is one head's target for a batch.
type Target struct {
	// Values are class ids (int64), [batch·seq] for a token task and [batch] for a
	// multiclass one, or 0 and 1 (float32), [batch, labels]. Nil: the head is skipped.
	// It must be nil if all targets are ignored, since the mean over nothing is NaN.
	Values *ts.Tensor

	// Valid is for multilabel tasks (float32, [batch, labels]): 1 where Values is used,
	// 0 where it is ignored; it may be any finite number there. Nil: all are used.
	Valid *ts.Tensor

	// Denominator is the divisor of the sum of the losses, if the targets are a part of
	// a larger batch: that batch's [Head.Denominator], so that the losses of its parts
	// add up to its own. 0: that of Values, which gives their mean.
	Denominator float64
}

// lossFunc is one head's loss, a scalar: the sum over the targets that aren't ignored,
// divided by the target's denominator. weight [labels] is the argument of
// [Head.SetClassWeights], or nil; smoothing that of [Head.SetLabelSmoothing], which
// yes/no heads ignore.
type lossFunc func(s *torchx.Scope, logits *ts.Tensor, target Target, weight *ts.Tensor, smoothing float64) *ts.Tensor

// tokenLoss takes logits [batch, seq, labels] and class ids [batch·seq].
func tokenLoss(s *torchx.Scope, logits *ts.Tensor, target Target, weight *ts.Tensor, smoothing float64) *ts.Tensor {
	return crossEntropy(s, s.Rows(logits), target, weight, tasks.IgnoreToken, smoothing)
}

// classLoss takes logits [batch, labels] and class ids [batch].
func classLoss(s *torchx.Scope, logits *ts.Tensor, target Target, weight *ts.Tensor, smoothing float64) *ts.Tensor {
	return crossEntropy(s, logits, target, weight, tasks.IgnoreClass, smoothing)
}

// crossEntropy takes logits [n, labels] and class ids [n].
func crossEntropy(s *torchx.Scope, logits *ts.Tensor, target Target, weight *ts.Tensor, ignore int64, smoothing float64) *ts.Tensor {
	if target.Denominator == 0 {
		return s.CrossEntropy(logits, target.Values, weight, ignore, smoothing, torchx.ReduceMean)
	}
	return s.Scale(s.CrossEntropy(logits, target.Values, weight, ignore, smoothing, torchx.ReduceSum), 1/target.Denominator)
}

// flagLoss takes logits and 0 or 1, both [batch, labels].
func flagLoss(s *torchx.Scope, logits *ts.Tensor, target Target, weight *ts.Tensor, _ float64) *ts.Tensor {
	if target.Denominator != 0 {
		return s.Scale(s.BCEWithLogits(logits, target.Values, target.Valid, weight, torchx.ReduceSum), 1/target.Denominator)
	}
	loss := s.BCEWithLogits(logits, target.Values, target.Valid, weight, torchx.ReduceMean)
	if target.Valid == nil {
		return loss
	}
	return s.Div(loss, s.Mean(target.Valid)) // Σ valid·loss / Σ valid, both over the number of outputs
}

// losses is the part of a [Head] that computes losses from logits.
type losses struct {
	task      tasks.Task
	hard      lossFunc
	soft      softFunc
	weights   [][]float32 // by head; nil: equal weights
	smoothing float64
}

func newLosses(task tasks.Task) losses {
	l := losses{task: task, weights: make([][]float32, len(task.Heads))}
	switch task.Kind {
	case tasks.Token:
		l.hard, l.soft = tokenLoss, classDivergence
	case tasks.MultiClass:
		l.hard, l.soft = classLoss, classDivergence
	case tasks.MultiLabel:
		l.hard, l.soft = flagLoss, flagDivergence
	}
	return l
}

// Loss implements [Head].
func (l *losses) Loss(s *torchx.Scope, logits []*ts.Tensor, targets []Target) *ts.Tensor {
	if len(targets) != len(logits) {
		s.Fail(fmt.Errorf("loss: %d targets for %d heads", len(targets), len(logits)))
		return nil
	}
	var total *ts.Tensor
	for i, target := range targets {
		if target.Valid != nil && l.task.Kind != tasks.MultiLabel {
			s.Fail(fmt.Errorf("loss: task %q isn't multilabel, but a target says which of its outputs are valid", l.task.Name))
			return nil
		}
		if target.Values != nil {
			total = plus(s, total, l.hard(s, logits[i], target, l.weight(s, i), l.smoothing))
		}
	}
	return total
}

// plus adds a head's loss to the total, which is nil for the first.
func plus(s *torchx.Scope, total, loss *ts.Tensor) *ts.Tensor {
	if total == nil {
		return loss
	}
	return s.Add(total, loss)
}
