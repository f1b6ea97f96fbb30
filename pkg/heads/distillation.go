package heads

import (
	"fmt"
	"math"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Soft is a teacher's output for one head and a batch.
type Soft struct {
	// Logits are the teacher's (float32, [n, labels]), for the rows listed in Rows, or
	// else for the whole batch. The head is skipped if they are nil or n is 0.
	Logits *ts.Tensor

	// Rows are the rows of the student's logits that correspond to Logits, in the same
	// order (int64, [n]). They are rows of [batch·seq, labels] for a token task and of
	// [batch, labels] for the others. Nil: all, in order.
	Rows *ts.Tensor

	// Denominator is the number of rows of the larger batch that these rows are a part
	// of: the losses of its parts add up to its own. 0: n.
	Denominator float64
}

// softFunc is the divergence KL(teacher ‖ student) of one head's predictions, a scalar.
// The logits [n, labels] are already divided by the temperature.
type softFunc func(s *torchx.Scope, student, teacher *ts.Tensor) *ts.Tensor

// classDivergence is for single-label heads, of tokens or of texts: the mean over the
// rows of Σ p·(log p - log q) over the labels, where p and q are the teacher's and the
// student's softmax. It equals PyTorch's kl_div with reduction="batchmean" and
// log_target=True.
func classDivergence(s *torchx.Scope, student, teacher *ts.Tensor) *ts.Tensor {
	divergence := s.KLDiv(s.LogSoftmax(student, 1), s.LogSoftmax(teacher, 1)) // [n, labels]
	return s.Mean(s.Sum(divergence, 1))
}

// flagDivergence is for heads of yes/no outputs: the mean over all outputs of p·(log p -
// log q) + (1-p)·(log(1-p) - log(1-q)), where p and q are the teacher's and the
// student's sigmoid. 1-p is computed as the sigmoid of -logit, whose logarithm is finite
// for every logit.
func flagDivergence(s *torchx.Scope, student, teacher *ts.Tensor) *ts.Tensor {
	yes := s.KLDiv(s.LogSigmoid(student), s.LogSigmoid(teacher))
	no := s.KLDiv(s.LogSigmoid(s.Scale(student, -1)), s.LogSigmoid(s.Scale(teacher, -1)))
	return s.Mean(s.Add(yes, no))
}

// SoftLoss implements [Head]. The divergence is computed in float32, also under
// autocast. The factor T² compensates for its gradient, which decreases as 1/T² (Hinton,
// Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", section 2).
func (l *losses) SoftLoss(s *torchx.Scope, logits []*ts.Tensor, teacher []Soft, temperature float64) *ts.Tensor {
	switch {
	case len(teacher) != len(logits):
		s.Fail(fmt.Errorf("soft loss: a teacher of %d heads for %d heads", len(teacher), len(logits)))
		return nil
	case !(temperature > 0) || math.IsInf(temperature, 1):
		s.Fail(fmt.Errorf("soft loss: temperature %v, want a positive number", temperature))
		return nil
	}
	var total *ts.Tensor
	for i, soft := range teacher {
		if soft.Logits == nil {
			continue
		}
		shape := s.Shape(soft.Logits)
		if slices.Contains(shape, 0) {
			continue
		}
		student := s.Rows(logits[i])
		if soft.Rows != nil {
			student = s.Take(student, 0, soft.Rows)
		}
		divergence := l.soft(s,
			s.Scale(s.Float(student), 1/temperature),
			s.Scale(s.Detach(s.Float(soft.Logits)), 1/temperature))
		loss := s.Scale(divergence, temperature*temperature)
		if soft.Denominator != 0 && s.Err() == nil {
			loss = s.Scale(loss, float64(ts.ElementCount(shape[:len(shape)-1]))/soft.Denominator)
		}
		total = plus(s, total, loss)
	}
	return total
}
