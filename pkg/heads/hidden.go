package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
)

// HiddenLoss is the distillation loss of an encoder's last hidden states, a scalar: 1 -
// cos(student, teacher), the mean over the real tokens. It is DistilBERT's cosine
// embedding loss (Sanh et al. 2019, section 3). student and teacher have the shape
// [batch, seq, dim]; mask [batch, seq] (bool) is true on real tokens, of which there
// must be at least one; nil means no padding. The teacher gets no gradient. Like
// [Head.SoftLoss] it is computed in float32.
func HiddenLoss(s *nn.Scope, student, teacher, mask *ts.Tensor) *ts.Tensor {
	losses := s.CosineLosses(s.Rows(s.Float(student)), s.Rows(s.Detach(s.Float(teacher)))) // [batch·seq]
	if mask == nil {
		return s.Mean(losses)
	}
	counts := s.Flatten(s.Float(mask), 0) // [batch·seq]
	return s.Div(s.Mean(s.Mul(losses, counts)), s.Mean(counts))
}
