package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
)

// The functions here are [Head.Logits] of a pooled head in parts, for texts whose hidden
// states aren't all there at once: [Pool] and [Scores] for each part of a text, and
// [Classify] for the vector that the whole text's pooling then has.

// Pool returns the sentence vectors of a head's pooling, [batch, vectors, dim]: one, or one
// for each of [tasks.Task.Attentions]; nil for a token head. hidden and mask are as in
// [Head.Logits]; each row of mask must have a token.
func Pool(h Head, s *nn.Scope, hidden, mask *ts.Tensor) *ts.Tensor {
	pooled, ok := h.(*pooledHead)
	switch {
	case !ok:
		return nil
	case pooled.attentions == nil:
		return s.Unsqueeze(pooled.pooling.pool(s, hidden, mask), 1)
	}
	return pooled.pooling.pool(s, hidden, mask)
}

// Scores returns the scores of which attention pooling's weights are the softmax,
// [batch, attentions, seq]. They are linear in the hidden states, so that the score of a mean is the
// mean of the scores. It is nil for a head without attention pooling.
func Scores(h Head, s *nn.Scope, hidden *ts.Tensor) *ts.Tensor {
	if attention, ok := attentionOf(h); ok {
		return s.Transpose(attention.scores(s, hidden), 1, 2)
	}
	return nil
}

// Classify returns the logits of a pooled head for sentence vectors [batch, vectors, dim],
// as [Head.Logits] does; nil for a token head.
func Classify(h Head, s *nn.Scope, vectors *ts.Tensor) []*ts.Tensor {
	pooled, ok := h.(*pooledHead)
	switch {
	case !ok:
		return nil
	case pooled.attentions == nil:
		return pooled.classify(s, s.Select(vectors, 1, 0))
	}
	return pooled.classify(s, vectors)
}
