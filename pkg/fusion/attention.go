package fusion

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// WordWeight is how much a task's attention pooling looked at a word: the sum
// of the weights of the word's sub-words. The words of a text sum to at most 1;
// the rest went to [CLS] and [SEP]. Start and End are as in [Token].
type WordWeight struct {
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Weight float32 `json:"weight"`
}

// Attention is what a task's attention pooling looks at in what [Model.Hidden]
// returned: weights [batch, seq] with the sum 1. It is nil, and no error, for a
// task without attention pooling.
func (m *Model) Attention(s *nn.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor {
	head := m.head(s, task)
	if head == nil {
		return nil
	}
	return heads.Attention(head, s, hidden, mask)
}

// attention gives each word that was read its weight, by task. Of a text in
// windows it is the mean over them, as it is with logits: a word counts 0 in a
// window that it isn't in.
func (c *call) attention(list []tasks.Task) Fields[[]WordWeight] {
	var all Fields[[]WordWeight]
	for _, task := range list {
		if c.pieces[0].attention[task.Name] == nil {
			continue
		}
		tokens := make([]float64, len(c.enc.IDs))
		for _, p := range c.pieces {
			for i, w := range p.attention[task.Name][1 : len(p.enc.IDs)-1] { // without [CLS] and [SEP]
				tokens[p.first+i] += float64(w) / float64(len(c.pieces))
			}
		}
		weights := []WordWeight{}
		ws := words(c.enc)
		for n, w := range ws {
			if c.central(w.first) == nil {
				break // the text's end wasn't read
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
