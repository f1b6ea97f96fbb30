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
// reduced to one vector as soon as they have been read.

// share is what a window gives to the pooling of its call.
type share struct {
	cls   []float32            // hidden state of [CLS], [dim]
	parts map[string]attention // by task; of those that pool by attention
}

// attention is the part of a window in one task's attention pooling.
type attention struct {
	scores []float32 // of the window's tokens, [CLS] first
	total  float64   // log of the sum of the exponentials of its central tokens' scores
	vector []float32 // mean of their hidden states, weighted by these exponentials, [dim]
}

// pooled is one task's answer to a call in several windows.
type pooled struct {
	total  float64     // log of the sum of the exponentials of all the call's scores
	logits [][]float32 // by head, [labels]
}

// Pool returns the sentence vectors of a task's pooling, [batch, dim], for hidden and mask
// as in [Model.Logits]; nil for a token task.
func (m *Model) Pool(s *nn.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor {
	if head := m.head(s, task); head != nil {
		return heads.Pool(head, s, hidden, mask)
	}
	return nil
}

// Scores returns the scores of a task's attention pooling, [batch, seq], for hidden as in
// [Model.Logits]; nil for a task without attention pooling.
func (m *Model) Scores(s *nn.Scope, task string, hidden *ts.Tensor) *ts.Tensor {
	if head := m.head(s, task); head != nil {
		return heads.Scores(head, s, hidden)
	}
	return nil
}

// Classify returns the logits of a task of whole texts for sentence vectors [batch, dim]:
// one tensor per head, [batch, labels].
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
	var scores, vectors [][][]float32
	for _, task := range list {
		if all := p.model.Scores(s, task.Name, hidden); all != nil {
			parts = append(parts, task.Name)
			scores = append(scores, rows(s, all, len(batch)))
			vectors = append(vectors, rows(s, p.model.Pool(s, task.Name, hidden, mask), len(batch)))
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
			row := scores[t][i][:len(pc.enc.IDs)] // without padding
			pc.share.parts[task] = attention{row, logSumExp(row[from:to]), vectors[t][i]}
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
	var vectors []float32
	answers := make([]pooled, len(calls))
	for i, c := range calls {
		var vector []float32
		vector, answers[i].total = c.merge(task)
		vectors = append(vectors, vector...)
	}
	n := len(calls)
	for _, logits := range p.model.Classify(s, task, s.Float32s(vectors, int64(n), int64(len(vectors)/n))) {
		for i, row := range rows(s, logits, n) {
			answers[i].logits = append(answers[i].logits, row)
		}
	}
	for i, c := range calls {
		c.pooled[task] = answers[i]
	}
}

// merge returns the sentence vector of the call's windows, [dim], and the log of the sum of
// the exponentials of its scores, which only attention pooling has.
func (c *call) merge(task string) (vector []float32, total float64) {
	sum := make([]float64, len(c.pieces[0].share.cls))
	add := func(v []float32, weight float64) {
		for d, x := range v {
			sum[d] += weight * float64(x)
		}
	}
	clsWeight := 1.0
	if _, found := c.pieces[0].share.parts[task]; found {
		var cls float64 // the score of the mean of the windows' [CLS]
		var totals []float64
		for _, p := range c.pieces {
			cls += float64(p.share.parts[task].scores[0]) / float64(len(c.pieces))
			totals = append(totals, p.share.parts[task].total)
		}
		total = logSumExp(append(totals, cls))
		clsWeight = math.Exp(cls - total)
		for _, p := range c.pieces {
			part := p.share.parts[task]
			add(part.vector, math.Exp(part.total-total))
		}
	}
	for _, p := range c.pieces {
		add(p.share.cls, clsWeight/float64(len(c.pieces)))
	}
	vector = make([]float32, len(sum))
	for d, x := range sum {
		vector[d] = float32(x)
	}
	return vector, total
}

// release drops what only the answers needed.
func (c *call) release() {
	for _, p := range c.pieces {
		p.share.cls = nil
		for task, part := range p.share.parts {
			if part.vector = nil; !c.attention {
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
