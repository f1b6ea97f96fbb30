package fusion

import (
	"math"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// A call in several windows is pooled as [Model.Hidden] puts it together: each token's
// hidden state is that of the window in which it is most central, [CLS] is the mean of the
// windows' [CLS], [SEP] is the last window's. As an attention's softmax can be merged from
// parts (online softmax; Milakov and Gimelshein 2018), each window's hidden states are
// reduced to one vector, or one for each attention, as soon as they have been read.

// share is what a window gives to the pooling of its call.
type share struct {
	cls   []float32            // hidden state of [CLS], [dim]
	parts map[string]attention // by task; of those that pool by attention
}

// attention is the part of a window in the pooling of a task with one attention or several.
type attention struct {
	scores  [][]float32 // by attention: of the window's tokens, [CLS] first
	totals  []float64   // by attention: log of the sum of the exponentials of its central tokens' scores
	vectors [][]float32 // by attention: mean of their hidden states, weighted by these exponentials, [dim]
}

// pooled is one task's answer to a call in several windows.
type pooled struct {
	totals []float64   // by attention: log of the sum of the exponentials of all the call's scores
	logits [][]float32 // by head, [labels]
}

// Pool returns the sentence vectors of a task's pooling, [batch, vectors, dim], for hidden
// and mask as in [Model.Logits]: one, or one for each of [tasks.Task.Attentions]. It is nil
// for a token task.
func (m *Model) Pool(s *nn.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor {
	if head := m.head(s, task); head != nil {
		return heads.Pool(head, s, hidden, mask)
	}
	return nil
}

// Scores returns the scores of a task's attention pooling, [batch, attentions, seq], for
// hidden as in [Model.Logits]; nil for a task without attention pooling.
func (m *Model) Scores(s *nn.Scope, task string, hidden *ts.Tensor) *ts.Tensor {
	if head := m.head(s, task); head != nil {
		return heads.Scores(head, s, hidden)
	}
	return nil
}

// Classify returns the logits of a task of whole texts for the sentence vectors of
// [Model.Pool]: one tensor per head, [batch, labels].
func (m *Model) Classify(s *nn.Scope, task string, vectors *ts.Tensor) []*ts.Tensor {
	if head := m.head(s, task); head != nil {
		return heads.Classify(head, s, vectors)
	}
	return nil
}

// pool reduces the windows of pooled calls in a batch to their shares, and answers the
// calls of which these were the last. seq is the number of tokens in a row of hidden.
func (p *Predictor) pool(s *torchx.Scope, batch []*piece, list []tasks.Task, hidden *ts.Tensor, seq int) {
	if !slices.ContainsFunc(batch, func(pc *piece) bool { return pc.call.pools() }) {
		return
	}
	central := make([]bool, len(batch)*seq)
	for i, pc := range batch {
		from, to := pc.counted()
		for j := from; j < to; j++ {
			central[i*seq+j] = true
		}
	}
	mask := s.Bools(central, int64(len(batch)), int64(seq))
	states := rows(s, s.Select(hidden, 1, 0), len(batch))
	var parts []string
	var scores, vectors [][][][]float32
	for _, task := range list {
		if all := p.model.Scores(s, task.Name, hidden); all != nil {
			parts = append(parts, task.Name)
			scores = append(scores, matrices(s, all, len(batch)))
			vectors = append(vectors, matrices(s, p.model.Pool(s, task.Name, hidden, mask), len(batch)))
		}
	}
	if s.Err() != nil {
		return
	}
	for i, pc := range batch {
		if !pc.call.pools() {
			continue
		}
		pc.share = share{states[i], map[string]attention{}}
		from, to := pc.counted()
		for t, task := range parts {
			part := attention{scores: unpadded(scores[t][i], len(pc.enc.IDs)), vectors: vectors[t][i]}
			for _, row := range part.scores {
				part.totals = append(part.totals, logSumExp(row[from:to]))
			}
			pc.share.parts[task] = part
		}
	}
	p.classify(s, batch)
}

// counted returns the tokens of a piece that count in the pooling of its call, besides the
// windows' [CLS]: those that are most central in it, and the last window's [SEP]. Of a call
// in one piece all count.
func (p *piece) counted() (from, to int) {
	if !p.call.pools() {
		return 0, len(p.enc.IDs)
	}
	first, end := p.call.cuts.Centre(p.index)
	from, to = p.position(first), p.position(end)
	if p.index == p.call.cuts.Count()-1 {
		to++
	}
	return from, to
}

// classify answers the pooled calls of which the batch has the last unread windows.
func (p *Predictor) classify(s *torchx.Scope, batch []*piece) {
	read := map[*call]int32{}
	for _, pc := range batch {
		read[pc.call]++
	}
	var done []*call
	byTask := map[string][]*call{}
	for _, pc := range batch {
		c := pc.call
		n := read[c]
		delete(read, c)
		if n == 0 || !c.pools() || c.unread.Add(-n) > 0 {
			continue
		}
		done = append(done, c)
		c.pooled = map[string]pooled{}
		for _, task := range c.tasks {
			if !task.PerToken() {
				byTask[task.Name] = append(byTask[task.Name], c)
			}
		}
	}
	for _, task := range p.tasks {
		if calls := byTask[task.Name]; len(calls) > 0 {
			p.answer(s, task.Name, calls)
		}
	}
	for _, c := range done {
		c.release()
	}
}

// answer computes one task's logits for calls whose windows have all been read.
func (p *Predictor) answer(s *torchx.Scope, task string, calls []*call) {
	var vectors [][]float32
	answers := make([]pooled, len(calls))
	for i, c := range calls {
		var own [][]float32
		own, answers[i].totals = c.merge(task)
		vectors = append(vectors, own...)
	}
	n := len(calls)
	shape := []int64{int64(n), int64(len(vectors) / n), int64(len(vectors[0]))}
	for _, logits := range p.model.Classify(s, task, s.Float32s(slices.Concat(vectors...), shape...)) {
		for i, row := range rows(s, logits, n) {
			answers[i].logits = append(answers[i].logits, row)
		}
	}
	for i, c := range calls {
		c.pooled[task] = answers[i]
	}
}

// merge returns the sentence vectors of the call's windows, [dim] each, and the logs of the
// sums of the exponentials of its scores by attention, which only attention pooling has.
func (c *call) merge(task string) (vectors [][]float32, totals []float64) {
	part, found := c.pieces[0].share.parts[task]
	if !found {
		return [][]float32{c.weighted(1, nil)}, nil
	}
	for a := range part.scores {
		var cls float64 // the score of the mean of the windows' [CLS]
		var logs []float64
		for _, p := range c.pieces {
			cls += float64(p.share.parts[task].scores[a][0]) / float64(len(c.pieces))
			logs = append(logs, p.share.parts[task].totals[a])
		}
		total := logSumExp(append(logs, cls))
		totals = append(totals, total)
		vectors = append(vectors, c.weighted(math.Exp(cls-total), func(p *piece) ([]float32, float64) {
			part := p.share.parts[task]
			return part.vectors[a], math.Exp(part.totals[a] - total)
		}))
	}
	return vectors, totals
}

// weighted returns the sum of vectors of the call's pieces with their weights, and of the
// mean of the pieces' [CLS] with its weight, [dim].
func (c *call) weighted(clsWeight float64, of func(p *piece) (vector []float32, weight float64)) []float32 {
	sum := make([]float64, len(c.pieces[0].share.cls))
	add := func(v []float32, weight float64) {
		for d, x := range v {
			sum[d] += weight * float64(x)
		}
	}
	if of != nil {
		for _, p := range c.pieces {
			add(of(p))
		}
	}
	for _, p := range c.pieces {
		add(p.share.cls, clsWeight/float64(len(c.pieces)))
	}
	vector := make([]float32, len(sum))
	for d, x := range sum {
		vector[d] = float32(x)
	}
	return vector
}

// release drops what only the answers needed.
func (c *call) release() {
	for _, p := range c.pieces {
		p.share.cls = nil
		for task, part := range p.share.parts {
			if part.vectors = nil; !c.attention {
				part.scores = nil
			}
			p.share.parts[task] = part
		}
	}
}

// logSumExp returns log Σ exp(xᵢ), -∞ for no numbers.
func logSumExp[T float32 | float64](xs []T) float64 {
	highest := math.Inf(-1)
	for _, x := range xs {
		highest = max(highest, float64(x))
	}
	if math.IsInf(highest, -1) {
		return highest
	}
	var sum float64
	for _, x := range xs {
		sum += math.Exp(float64(x) - highest)
	}
	return highest + math.Log(sum)
}
