package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
)

// The functions here are [Head.Logits] of a pooled head in parts, for texts whose hidden
// states aren't all there at once: [Pool] and [Scores] for each part of a text, and
// [Classify] for the vector that the whole text's pooling then has.

// Pool returns the sentence vectors of a head's pooling, [batch, dim]; nil for a token head.
// hidden and mask are as in [Head.Logits]; each row of mask must have a token.
func Pool(h Head, s *nn.Scope, hidden, mask *ts.Tensor) *ts.Tensor {
	if pooled, ok := h.(*pooledHead); ok {
		return pooled.pooling.pool(s, hidden, mask)
	}
	return nil
}

// Scores returns the scores of which attention pooling's weights are the softmax,
// [batch, seq]. They are linear in the hidden states, so that the score of a mean is the
// mean of the scores. It is nil for a head without attention pooling.
func Scores(h Head, s *nn.Scope, hidden *ts.Tensor) *ts.Tensor {
	if attention, ok := attentionOf(h); ok {
		return s.Select(attention.scores(s, hidden), 2, 0)
	}
	return nil
}

// Classify returns the logits of a pooled head for sentence vectors [batch, dim], as
// [Head.Logits] does; nil for a token head.
func Classify(h Head, s *nn.Scope, vectors *ts.Tensor) []*ts.Tensor {
	if pooled, ok := h.(*pooledHead); ok {
		return pooled.classify(s, vectors)
	}
	return nil
}
