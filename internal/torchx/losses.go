package torchx

import (
	"errors"
	"slices"

	"github.com/sugarme/gotch/ts"
)

// Reduction is what becomes of the losses of single elements: at::Reduction.
type Reduction int64

// The reductions.
const (
	reductionNone Reduction = iota
	ReduceMean
	ReduceSum
)

// CrossEntropy is the mean or sum of -log softmax(logits)[target] over the targets
// that aren't ignore. logits has shape [n, classes], target [n] (int64). Like
// PyTorch's, the mean is NaN when every target is ignored. weight [classes], if not
// nil, makes it weighted: each target counts by its class's weight. smoothing from 0 up to 1
// is that part of each target which all classes share, also by their weights: it is
// label_smoothing of PyTorch's CrossEntropyLoss.
func (s *Scope) CrossEntropy(logits, target, weight *ts.Tensor, ignore int64, smoothing float64, reduction Reduction) *ts.Tensor {
	inputs, weight := optional([]*ts.Tensor{logits, target}, weight)
	return s.run("cross-entropy", func() (*ts.Tensor, error) {
		return logits.CrossEntropyLoss(target, weight, int64(reduction), ignore, smoothing, false)
	}, inputs...)
}

// BCEWithLogits is the mean or sum of the binary cross-entropy of sigmoid(logits) against
// target, both [batch, outputs]. weight [batch, outputs], if not nil,
// multiplies each element's loss before the mean or sum over all elements;
// posWeight [outputs], if not nil, the term for target = 1.
func (s *Scope) BCEWithLogits(logits, target, weight, posWeight *ts.Tensor, reduction Reduction) *ts.Tensor {
	alike, weight := optional([]*ts.Tensor{logits, target}, weight)
	inputs, posWeight := optional(alike, posWeight)
	return s.run("binary cross-entropy", func() (*ts.Tensor, error) {
		if err := sameShape(alike...); err != nil {
			return nil, err
		}
		return logits.BinaryCrossEntropyWithLogits(target, weight, posWeight, int64(reduction), false)
	}, inputs...)
}

// KLDiv is exp(target)·(target - input) element by element: summed over the
// outcomes, the divergence KL(target ‖ input) of distributions given by the
// logarithms of their probabilities. Both have the same shape.
func (s *Scope) KLDiv(input, target *ts.Tensor) *ts.Tensor {
	return s.run("kl divergence", func() (*ts.Tensor, error) {
		if err := sameShape(input, target); err != nil {
			return nil, err
		}
		return input.KlDiv(target, int64(reductionNone), true, false)
	}, input, target)
}

// CosineLosses is 1 - cos(a, b) for each row of a and b, both [n, dim]; it has
// shape [n].
func (s *Scope) CosineLosses(a, b *ts.Tensor) *ts.Tensor {
	alike := s.Float32s([]float32{1}, 1) // a and b should have the same direction
	return s.run("cosine loss", func() (*ts.Tensor, error) {
		if err := sameShape(a, b); err != nil {
			return nil, err
		}
		return ts.CosineEmbeddingLoss(a, b, alike, 0, int64(reductionNone))
	}, a, b, alike)
}

// optional adds x to an operation's inputs if there is one, and returns it as
// gotch wants it.
func optional(inputs []*ts.Tensor, x *ts.Tensor) ([]*ts.Tensor, *ts.Tensor) {
	if x == nil {
		return inputs, ts.None
	}
	return append(inputs, x), x
}

// sameShape refuses what libtorch would broadcast.
func sameShape(tensors ...*ts.Tensor) error {
	first, err := tensors[0].Size()
	if err != nil {
		return err
	}
	for _, t := range tensors[1:] {
		size, err := t.Size()
		if err != nil {
			return err
		}
		if !slices.Equal(size, first) {
			return errors.New("the shapes differ")
		}
	}
	return nil
}
