package fusion

import (
	"math"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// WordWeight is the weight of a word in a task's attention pooling: the sum of the
// weights of its sub-words. The weights of a text's words sum to at most 1; [CLS] and
// [SEP] have the rest. Start and End are as in [Token].
type WordWeight struct {
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Weight float32 `json:"weight"`
}

// Attention returns the weights of a task's attention pooling for the output of
// [Model.Hidden]: [batch, seq], each row with the sum 1. For a task without attention
// pooling it is nil, without an error.
func (m *Model) Attention(s *nn.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor {
	head := m.head(s, task)
	if head == nil {
		return nil
	}
	return heads.Attention(head, s, hidden, mask)
}

// wordWeights returns the weights of all words read, by task.
func (c *call) wordWeights(list []tasks.Task) Fields[[]WordWeight] {
	var all Fields[[]WordWeight]
	ws := words(c.enc)
	for _, task := range list {
		tokens := c.tokenWeights(task.Name)
		if tokens == nil {
			continue
		}
		weights := []WordWeight{}
		for n, w := range ws {
			if c.central(w.first) == nil {
				break // the rest of the text wasn't read
			}
			next := len(tokens)
			if n+1 < len(ws) {
				next = ws[n+1].first
			}
			var sum float64
			for _, weight := range tokens[w.first:next] {
				sum += weight
			}
			weights = append(weights, WordWeight{w.start, w.end, float32(sum)})
		}
		all = append(all, Field[[]WordWeight]{task.Name, weights})
	}
	return all
}

// tokenWeights returns the weights of the tokens of the call's encoding in a task's
// attention pooling, but for [CLS] and [SEP]; nil if they weren't requested or it pools
// otherwise.
func (c *call) tokenWeights(task string) []float64 {
	weights := make([]float64, len(c.enc.IDs))
	switch {
	case c.pools():
		if _, found := c.pieces[0].share.parts[task]; !found || !c.attention {
			return nil
		}
		for _, p := range c.pieces {
			first, end := c.cuts.Centre(p.index)
			for i := first; i < end; i++ {
				weights[i] = math.Exp(float64(p.share.parts[task].scores[p.position(i)]) - c.pooled[task].total)
			}
		}
	case c.pieces[0].attention[task] == nil:
		return nil
	default: // the mean over the windows, like the logits: 0 in those that a token isn't in
		for _, p := range c.pieces {
			for i, w := range p.attention[task][1 : len(p.enc.IDs)-1] {
				weights[p.first()+i] += float64(w) / float64(len(c.pieces))
			}
		}
	}
	return weights
}
