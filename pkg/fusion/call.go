package fusion

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// call is the state of one text during prediction.
type call struct {
	text   string
	enc    tokenize.Encoding // of the text, or of more of it than is read
	way    way
	cuts   tokenize.Cuts // of the tokens that are read
	pieces []*piece
	tasks  []tasks.Task

	calibration *calibrate.Calibration // nil: none
	language    string
	learnt      int // tokens of the longest text in training; 0: not known
	unknown     int32

	attention bool         // keep what the weights of attention pooling are computed from
	unread    atomic.Int32 // pieces that the model hasn't read yet
	pooled    map[string]pooled
}

// piece is a sequence for one pass of the model: a text, its beginning, or a window.
type piece struct {
	call   *call
	index  int // among the call's pieces
	enc    tokenize.Encoding
	logits map[string][][]float32 // by task and head: [tokens·labels], row-major, or [labels]

	attention map[string][]float32 // by task, [tokens]; if requested
	share     share                // of a window whose call is pooled
}

// newCall encodes a text as far as it is read, and perhaps no further than most tokens; 0
// means no limit.
func newCall(text string, tok *tokenize.Tokenizer, w way, most int) *call {
	enc := w.encode(text, tok, most)
	return &call{text: text, enc: enc, way: w, cuts: w.cuts(len(enc.IDs))}
}

// empty reports whether the text has no tokens except [CLS] and [SEP].
func (c *call) empty() bool { return len(c.enc.IDs) <= 2 }

// truncated reports whether the text's end isn't read.
func (c *call) truncated() bool { return c.way.most > 0 && len(c.enc.IDs) > c.way.most }

// size returns the total number of tokens of the call's pieces.
func (c *call) size() int { return c.cuts.Tokens() }

// pools reports whether the call is pooled over several windows.
func (c *call) pools() bool { return !c.way.mean && c.cuts.Count() > 1 }

// cut creates the pieces.
func (c *call) cut() {
	read := c.enc
	if c.truncated() {
		read = read.Truncate(c.way.most)
	}
	c.pieces = nil
	for i, w := range read.Windows(c.way.limit, c.way.overlap) {
		c.pieces = append(c.pieces, &piece{call: c, index: i, enc: w.Encoding})
	}
	c.unread.Store(int32(len(c.pieces)))
}

// take copies a model's output for the piece, which is example i of the batch. A window of
// a pooled call has no answer of its own to its whole text.
func (p *piece) take(out Output, i int) {
	if p.call.pools() && !out.Task.PerToken() {
		return
	}
	for _, rows := range out.Logits {
		p.logits[out.Task.Name] = append(p.logits[out.Task.Name], rows[i])
	}
	if out.Attention == nil {
		return
	}
	if p.attention == nil {
		p.attention = map[string][]float32{}
	}
	p.attention[out.Task.Name] = out.Attention[i][:len(p.enc.IDs)] // without padding
}

// first is the index in the call's encoding of the piece's first token after [CLS].
func (p *piece) first() int {
	first, _ := p.call.cuts.Window(p.index)
	return first
}

// position returns where in the piece token i of the call's encoding stands.
func (p *piece) position(i int) int { return i - p.first() + 1 } // [CLS] comes first

// central returns the piece in which token i of the call's encoding is farthest from the
// nearer edge, the earlier of two, or nil if no piece contains it.
func (c *call) central(i int) *piece {
	if _, end := c.cuts.Window(len(c.pieces) - 1); i < 1 || i >= end {
		return nil
	}
	return c.pieces[c.cuts.Central(i)]
}

// logits returns the call's logits of one head of a task of whole texts, [labels].
func (c *call) logits(task string, head int) []float32 {
	if c.pools() {
		return c.pooled[task].logits[head]
	}
	return c.mean(task, head)
}

// mean returns the mean of the pieces' logits of one head, [labels].
func (c *call) mean(task string, head int) []float32 {
	sums := make([]float64, len(c.pieces[0].logits[task][head]))
	for _, p := range c.pieces {
		for i, v := range p.logits[task][head] {
			sums[i] += float64(v)
		}
	}
	means := make([]float32, len(sums))
	for i, sum := range sums {
		means[i] = float32(sum / float64(len(c.pieces)))
	}
	return means
}

// batches groups pieces of similar length: at most size of them, and at most tokens
// tokens including padding, unless a single piece has more. The longest come first, so
// that a batch too large for the memory fails immediately.
func batches(pieces []*piece, size, tokens int) [][]*piece {
	sorted := slices.Clone(pieces)
	slices.SortStableFunc(sorted, func(a, b *piece) int { return cmp.Compare(len(b.enc.IDs), len(a.enc.IDs)) })
	var list [][]*piece
	for len(sorted) > 0 {
		n := min(size, len(sorted), max(1, tokens/len(sorted[0].enc.IDs)))
		list = append(list, sorted[:n])
		sorted = sorted[n:]
	}
	return list
}
