package fusion

import (
	"cmp"
	"slices"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// call is the state of one text during prediction.
type call struct {
	text      string
	enc       tokenize.Encoding // of the text, or of more of it than the model reads
	pieces    []*piece
	truncated bool
}

// piece is a sequence for one pass of the model: a text, its beginning, or a window.
type piece struct {
	enc    tokenize.Encoding
	first  int                    // index in the call's encoding of the first token after [CLS]
	logits map[string][][]float32 // by task and head: [tokens·labels], row-major, or [labels]

	attention map[string][]float32 // by task, [tokens]; if requested
}

// newCall encodes a text, as far as the model reads it. With an overlap this is the
// whole text, unless it has more than most tokens; 0 means no limit.
func newCall(text string, tok *tokenize.Tokenizer, limit, overlap, most int) *call {
	c := &call{text: text}
	switch {
	case overlap == 0:
		c.enc, _ = encodeUpTo(text, tok, limit)
		if over := limit + slack; len(c.enc.IDs) > over {
			c.enc = c.enc.Truncate(over)
		}
	case most > 0:
		c.enc, _ = encodeUpTo(text, tok, most)
	default:
		c.enc = tok.Encode(text)
	}
	return c
}

// empty reports whether the text has no tokens except [CLS] and [SEP].
func (c *call) empty() bool { return len(c.enc.IDs) <= 2 }

// size returns the total number of tokens of the call's pieces.
func (c *call) size(limit, overlap int) int {
	if overlap == 0 {
		return min(len(c.enc.IDs), limit)
	}
	return c.enc.WindowTokens(limit, overlap)
}

// cut creates the pieces: a text of more than limit tokens is truncated, or split into
// windows that share overlap tokens if that is positive.
func (c *call) cut(limit, overlap int) {
	c.pieces = nil
	long := len(c.enc.IDs) > limit
	if !long || overlap == 0 {
		c.truncated = long
		c.pieces = []*piece{{enc: c.enc.Truncate(limit), first: 1}}
		return
	}
	for _, w := range c.enc.Windows(limit, overlap) {
		c.pieces = append(c.pieces, &piece{enc: w.Encoding, first: w.First})
	}
}

// take copies a model's output for the piece, which is example i of the batch.
func (p *piece) take(out Output, i int) {
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

// end is the index in the call's encoding after the piece's last token before [SEP].
func (p *piece) end() int { return p.first + len(p.enc.IDs) - 2 }

// margin is the distance of token i of the call's encoding from the piece's nearer edge;
// it is negative outside.
func (p *piece) margin(i int) int { return min(i-p.first, p.end()-1-i) }

// central returns the piece in which token i of the call's encoding is farthest from the
// nearer edge, the earlier of two, or nil if no piece contains it.
func (c *call) central(i int) *piece {
	var best *piece
	margin := -1
	for _, p := range c.pieces {
		if m := p.margin(i); m > margin {
			best, margin = p, m
		}
	}
	return best
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
