package fusion

import (
	"math"
	"slices"

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
// [Model.Hidden]: [batch, attentions, seq], each row with the sum 1. There is one attention,
// or those of [tasks.Task.Attentions]. For a task without attention pooling it is nil,
// without an error.
func (m *Model) Attention(s *nn.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor {
	head := m.head(s, task)
	if head == nil {
		return nil
	}
	return heads.Attention(head, s, hidden, mask)
}

// LabelWeights are the weights of words in the attentions of one head: of the single one of a
// head of classes, or of that of each yes/no label. In JSON they are a list, or an object of
// lists.
type LabelWeights struct {
	Words  []float32
	Labels Fields[[]float32]
}

// MarshalJSON writes the field that is set.
func (w LabelWeights) MarshalJSON() ([]byte, error) {
	if w.Labels != nil {
		return plainJSON(w.Labels)
	}
	return plainJSON(w.Words)
}

// wordWeights returns the weights of all words read, by task; for tasks with an attention for
// each label the mean over these, and each for itself.
func (c *call) wordWeights(list []tasks.Task) (all Fields[[]WordWeight], byLabel Fields[Fields[LabelWeights]]) {
	ws := words(c.enc)
	if end := slices.IndexFunc(ws, func(w word) bool { return c.central(w.first) == nil }); end >= 0 {
		ws = ws[:end] // the rest of the text wasn't read
	}
	for _, task := range list {
		tokens := c.tokenWeights(task.Name)
		if tokens == nil {
			continue
		}
		sums := make([]float64, len(ws))
		each := make([][]float32, len(tokens))
		for a, row := range tokens {
			own := sumWords(ws, row)
			each[a] = make([]float32, len(ws))
			for n, weight := range own {
				each[a][n] = float32(weight)
				sums[n] += weight
			}
		}
		weights := make([]WordWeight, len(ws))
		for n, w := range ws {
			weights[n] = WordWeight{w.start, w.end, float32(sums[n] / float64(len(tokens)))}
		}
		all = append(all, Field[[]WordWeight]{task.Name, weights})
		if task.Attentions() != nil {
			byLabel = append(byLabel, Field[Fields[LabelWeights]]{task.Name, byHead(task, each)})
		}
	}
	return all, byLabel
}

// sumWords adds up the weights of the tokens of each word.
func sumWords(ws []word, tokens []float64) []float64 {
	sums := make([]float64, len(ws))
	for n, w := range ws {
		next := len(tokens)
		if n+1 < len(ws) {
			next = ws[n+1].first
		}
		for _, weight := range tokens[w.first:next] {
			sums[n] += weight
		}
	}
	return sums
}

// byHead names the rows of a task's attentions.
func byHead(task tasks.Task, rows [][]float32) (heads Fields[LabelWeights]) {
	for h, count := range task.Attentions() {
		head, own := task.Heads[h], LabelWeights{Words: rows[0]}
		if task.YesNo() {
			own = LabelWeights{}
			for i, label := range head.Labels {
				own.Labels = append(own.Labels, Field[[]float32]{label, rows[i]})
			}
		}
		heads = append(heads, Field[LabelWeights]{head.Field, own})
		rows = rows[count:]
	}
	return heads
}

// tokenWeights returns the weights of the tokens of the call's encoding in each of a task's
// attentions, but for [CLS] and [SEP]; nil if they weren't requested or it pools otherwise.
func (c *call) tokenWeights(task string) [][]float64 {
	if c.pools() {
		part, found := c.pieces[0].share.parts[task]
		if !found || !c.attention {
			return nil
		}
		weights := matrix(len(part.scores), len(c.enc.IDs))
		for _, p := range c.pieces {
			first, end := c.cuts.Centre(p.index)
			for a, scores := range p.share.parts[task].scores {
				for i := first; i < end; i++ {
					weights[a][i] = math.Exp(float64(scores[p.position(i)]) - c.pooled[task].totals[a])
				}
			}
		}
		return weights
	}
	part := c.pieces[0].attention[task]
	if part == nil {
		return nil
	}
	weights := matrix(len(part), len(c.enc.IDs))
	for _, p := range c.pieces { // the mean over the windows, like the logits: 0 in those that a token isn't in
		for a, row := range p.attention[task] {
			for i, w := range row[1 : len(p.enc.IDs)-1] {
				weights[a][p.first()+i] += float64(w) / float64(len(c.pieces))
			}
		}
	}
	return weights
}

// matrix returns rows of zeros.
func matrix(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}
