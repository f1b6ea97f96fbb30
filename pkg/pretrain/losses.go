package pretrain

import (
	"math"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Each loss below is the sum over the rows that it is given, divided by denominator: the
// number of rows of the larger batch of which these are a part, so that the losses of its
// parts add up to its own. A denominator of 0 is the number of rows given.

// MaskedLoss is the cross-entropy of logits [n, vocabulary] against the original ids [n], a
// scalar. n must be 1 or more.
func MaskedLoss(s *nn.Scope, logits *ts.Tensor, answers []int64, denominator float64) *ts.Tensor {
	n := len(answers)
	loss := s.CrossEntropy(s.Float(logits), s.Int64s(answers, int64(n)), nil, tasks.IgnoreToken, nn.ReduceMean)
	return part(s, loss, n, denominator)
}

// SoftLoss is T²·KL(teacher ‖ student) of logits [n, vocabulary] divided by the temperature
// T, a scalar: DistilBERT's distillation loss at masked positions, as transformers'
// distiller computes it. The teacher gets no gradient.
func SoftLoss(s *nn.Scope, student, teacher *ts.Tensor, temperature float64, denominator float64) *ts.Tensor {
	logits := func(x *ts.Tensor) *ts.Tensor { return s.LogSoftmax(s.Scale(s.Float(x), 1/temperature), 1) }
	divergence := s.Sum(s.KLDiv(logits(student), logits(s.Detach(teacher))), 1) // [n]
	n := rowsOf(s, divergence)
	return part(s, s.Scale(s.Mean(divergence), temperature*temperature), n, denominator)
}

// CosineLoss is 1 - cos of the last hidden states [tokens, dim], a scalar: it aligns their
// directions (Sanh et al. 2019, section 3). The teacher gets no gradient.
func CosineLoss(s *nn.Scope, student, teacher *ts.Tensor, denominator float64) *ts.Tensor {
	losses := s.CosineLosses(s.Float(student), s.Detach(s.Float(teacher))) // [tokens]
	return part(s, s.Mean(losses), rowsOf(s, losses), denominator)
}

// Projections are two of a layer's queries, keys and values, [tokens, dim] each, whose
// relation is compared. Teacher and student may differ in dim.
type Projections struct{ From, To *ts.Tensor }

// RelationLoss is MiniLM's (Wang et al. 2020), a scalar: the mean over heads and tokens of
// KL(teacher ‖ student), where the distributions are softmax(From·Toᵀ/√d) within each
// sequence. From queries to keys this compares attention distributions, from values to values
// value relations. The projections are split into heads heads, independently of the models'
// own (MiniLMv2; Wang et al. 2021); both dims must be multiples of it. The teacher gets no
// gradient.
func RelationLoss(s *nn.Scope, student, teacher Projections, lengths []int64, heads int64, denominator float64) *ts.Tensor {
	var longest, tokens int64
	for _, length := range lengths {
		longest, tokens = max(longest, length), tokens+length
	}
	places := make([]bool, int64(len(lengths))*longest) // of real tokens
	for i, length := range lengths {
		for j := range length {
			places[int64(i)*longest+j] = true
		}
	}
	r := relations{lengths: lengths, longest: longest, heads: heads}
	r.padding = s.Not(s.Bools(places, int64(len(lengths)), 1, 1, longest))
	own := r.logWeights(s, student.From, student.To)
	wanted := r.logWeights(s, s.Detach(teacher.From), s.Detach(teacher.To))
	divergence := s.Sum(s.KLDiv(own, wanted), 3) // [sequences, heads, longest]
	counted := s.Float(s.Bools(places, int64(len(lengths)), 1, longest))
	sum := s.Sum(s.Flatten(s.Mul(divergence, counted), 0), 0)
	return part(s, s.Scale(sum, 1/float64(heads*tokens)), int(tokens), denominator)
}

// relations computes them for a batch of sequences.
type relations struct {
	lengths        []int64
	longest, heads int64
	padding        *ts.Tensor // [sequences, 1, 1, longest], true on padding
}

// faint is the score of padding: its weight is 0, and unlike -∞'s its logarithm is finite.
const faint = -1e9

// logWeights are log softmax(from·toᵀ/√d), [sequences, heads, longest, longest].
func (r relations) logWeights(s *nn.Scope, from, to *ts.Tensor) *ts.Tensor {
	a, b := r.split(s, from), r.split(s, to)
	shape := s.Shape(a)
	if shape == nil {
		return nil
	}
	scores := s.Scale(s.MatMul(a, s.Transpose(b, 2, 3)), 1/math.Sqrt(float64(shape[3])))
	return s.LogSoftmax(s.MaskedFill(s.Float(scores), r.padding, faint), 3)
}

// split makes [sequences, heads, longest, dim/heads] of packed rows [tokens, dim].
func (r relations) split(s *nn.Scope, x *ts.Tensor) *ts.Tensor {
	padded := s.Unpack(s.Float(x), r.lengths, r.longest)
	return s.Transpose(s.Reshape(padded, int64(len(r.lengths)), r.longest, r.heads, -1), 1, 2)
}

// part makes of a mean over n rows their sum by the denominator.
func part(s *nn.Scope, mean *ts.Tensor, n int, denominator float64) *ts.Tensor {
	if denominator == 0 || denominator == float64(n) {
		return mean
	}
	return s.Scale(mean, float64(n)/denominator)
}

func rowsOf(s *nn.Scope, x *ts.Tensor) int {
	if shape := s.Shape(x); len(shape) > 0 {
		return int(shape[0])
	}
	return 0
}
