package fusion

import (
	"slices"
	"strings"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// SetBatchTokens limits the tokens that the encoder reads at once in [Model.Hidden]: more
// windows are read in several passes. In training a pass stores only its result, and the
// backward pass runs it again (gradient caching; Gao et al. 2021, "Scaling Deep Contrastive
// Learning Batch Size under Memory Limited Setup", section 3). Gradients are the same, with
// the memory of one pass and about a third more computation. A single window is always
// read, and so is a batch without windows. 0: no limit.
func (m *Model) SetBatchTokens(limit int) { m.batchTokens = limit }

// Passes returns the number of the encoder's passes in [Model.Hidden].
func (m *Model) Passes(b datasets.Batch) int {
	cuts := cutUp(tokensOf(b), m.Windows)
	if cuts == nil {
		return 1
	}
	return len(passesOf(cuts.windows, int64(m.batchTokens)))
}

// HiddenIn is [Model.Hidden] with other windows than the model's. An example of more than
// windows.Length tokens is read as its windows, as if each were a text. Its hidden states
// are [batch, seq, dim] all the same, one for each of its own tokens: that of the window in
// which the token is most central ([tokenize.Cuts.Central]). The example's [CLS] is the mean
// of its windows' [CLS], and its [SEP] the last window's. So heads see one long sequence. A
// batch in which each example has one window is read as without windows, bit for bit.
func (m *Model) HiddenIn(s *nn.Scope, b datasets.Batch, windows datasets.Windows) (hidden, mask *ts.Tensor) {
	tokens := tokensOf(b)
	if cuts := cutUp(tokens, windows); cuts == nil {
		hidden = m.encoder.Forward(s, tokens) // [tokens, dim]
	} else {
		hidden = s.Block(func() *ts.Tensor { return cuts.join(s, m.encode(s, cuts.windows)) })
	}
	if b.Mask != nil {
		mask = s.Bools(b.Mask, int64(b.Size), int64(b.Length))
	}
	return s.Unpack(hidden, tokens.Lengths, int64(b.Length)), mask
}

// cutTokens are sequences of tokens that were cut into windows.
type cutTokens struct {
	windows backbone.Tokens
	rows    []int64   // of each token of the sequences: its row in the windows' hidden states, or, from their number on, in the means
	means   [][]int64 // the rows of which means are taken: the [CLS] of each sequence of several windows
}

// cutUp cuts sequences into windows; nil if each has only one.
func cutUp(t backbone.Tokens, w datasets.Windows) *cutTokens {
	if !w.On() || !slices.ContainsFunc(t.Lengths, func(length int64) bool { return length > int64(w.Length) }) {
		return nil
	}
	total := 0
	var all []tokenize.Cuts
	for rest := t.IDs; len(all) < len(t.Lengths); {
		length := t.Lengths[len(all)]
		cuts := datasets.CutsOf(w, rest[:length])
		total += cuts.Tokens()
		all, rest = append(all, cuts), rest[length:]
	}
	c := &cutTokens{}
	for i, length := range t.Lengths {
		c.add(t.IDs[:length], all[i], int64(total))
		t.IDs = t.IDs[length:]
	}
	return c
}

// add cuts the next sequence as cuts say. total is the number of tokens of all sequences' windows.
func (c *cutTokens) add(ids []int64, cuts tokenize.Cuts, total int64) {
	at := func() int64 { return int64(len(c.windows.IDs)) }
	if cuts.Count() == 1 {
		for i := range ids {
			c.rows = append(c.rows, at()+int64(i))
		}
		c.windows.IDs = append(c.windows.IDs, ids...)
		c.windows.Lengths = append(c.windows.Lengths, int64(len(ids)))
		return
	}
	c.rows = append(c.rows, total+int64(len(c.means)))
	var starts []int64
	last := len(ids) - 1
	for i := range cuts.Count() {
		start := at()
		starts = append(starts, start)
		first, end := cuts.Window(i)
		c.windows.IDs = append(c.windows.IDs, ids[0])
		c.windows.IDs = append(c.windows.IDs, ids[first:end]...)
		c.windows.IDs = append(c.windows.IDs, ids[last])
		c.windows.Lengths = append(c.windows.Lengths, int64(cuts.Length(i)))
		from, to := cuts.Centre(i)
		for token := from; token < to; token++ {
			c.rows = append(c.rows, start+1+int64(token-first))
		}
	}
	c.rows = append(c.rows, at()-1)
	c.means = append(c.means, starts)
}

// join maps the windows' hidden states to those of the sequences, both [tokens, dim].
func (c *cutTokens) join(s *nn.Scope, hidden *ts.Tensor) *ts.Tensor {
	parts := []*ts.Tensor{hidden}
	for _, rows := range c.means {
		all := s.Take(hidden, 0, s.Int64s(rows, int64(len(rows)))) // [windows, dim]
		parts = append(parts, s.Unsqueeze(s.Scale(s.Sum(all, 0), 1/float64(len(rows))), 0))
	}
	return s.Take(s.Cat(0, parts...), 0, s.Int64s(c.rows, int64(len(c.rows))))
}

// encode runs the encoder on sequences, in several passes if these have more tokens than it
// reads at once: hidden states [tokens, dim].
func (m *Model) encode(s *nn.Scope, t backbone.Tokens) *ts.Tensor {
	passes := passesOf(t, int64(m.batchTokens))
	if len(passes) == 1 {
		return m.encoder.Forward(s, t)
	}
	learns := slices.ContainsFunc(m.params.Trainable(), func(p torchx.Param) bool {
		return strings.HasPrefix(p.Name, m.EncoderName+".")
	})
	var parts []*ts.Tensor
	for _, pass := range passes {
		forward := func(*ts.Tensor) *ts.Tensor { return m.encoder.Forward(s, pass) }
		if learns {
			parts = append(parts, s.Checkpointed(s.Int64s(pass.IDs, int64(len(pass.IDs))), forward))
		} else {
			parts = append(parts, s.Block(func() *ts.Tensor { return forward(nil) }))
		}
	}
	return s.Cat(0, parts...)
}

// passesOf divides sequences into groups of at most limit tokens, or of a single sequence;
// 0: no limit.
func passesOf(t backbone.Tokens, limit int64) []backbone.Tokens {
	if limit == 0 || int64(len(t.IDs)) <= limit {
		return []backbone.Tokens{t}
	}
	var passes []backbone.Tokens
	for len(t.Lengths) > 0 {
		n, tokens := 1, t.Lengths[0]
		for n < len(t.Lengths) && tokens+t.Lengths[n] <= limit {
			tokens += t.Lengths[n]
			n++
		}
		passes = append(passes, backbone.Tokens{IDs: t.IDs[:tokens], Lengths: t.Lengths[:n]})
		t = backbone.Tokens{IDs: t.IDs[tokens:], Lengths: t.Lengths[n:]}
	}
	return passes
}
