// Package backbone is the DistilBERT encoder (Sanh et al., 2019), with Hugging
// Face's parameter names and file formats.
package backbone

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

const layerNormEps = 1e-12

// Encoder maps token ids to hidden states.
type Encoder struct {
	Config     Config
	embeddings embeddings
	layers     []layer
}

// New adds the encoder's parameters to p: embeddings.* and
// transformer.layer.N.*. Weights are N(0, initializer_range), biases 0.
func New(p torchx.Params, c Config) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	e := &Encoder{Config: c, embeddings: newEmbeddings(p.Sub("embeddings"), c)}
	for i := range c.Layers {
		e.layers = append(e.layers, newLayer(p.Sub(fmt.Sprintf("transformer.layer.%d", i)), c))
	}
	return e, p.Err()
}

// Forward maps ids [batch, seq] (int64) to hidden states [batch, seq, dim].
// mask [batch, seq] (bool) is true on real tokens; nil means no padding. seq
// may be at most Config.MaxPositions.
func (e *Encoder) Forward(s *torchx.Scope, ids, mask *ts.Tensor) *ts.Tensor {
	if mask != nil {
		mask = s.Unsqueeze(s.Unsqueeze(mask, 1), 1) // [batch, 1, 1, seq]
	}
	x := s.Block(func() *ts.Tensor { return e.embeddings.forward(s, ids) }) // [batch, seq, dim]
	for _, l := range e.layers {
		x = s.Block(func() *ts.Tensor { return l.forward(s, x, mask) })
	}
	return x
}

// embeddings adds what a token is to where it stands.
type embeddings struct {
	words     torchx.Embedding
	positions torchx.Embedding
	longest   int64 // how many positions there are
	norm      torchx.LayerNorm
	dropout   float64
}

func newEmbeddings(p torchx.Params, c Config) embeddings {
	return embeddings{
		words:     torchx.Embedding{Weight: p.New("word_embeddings.weight", normalButRow(c.InitRange, c.PadID), c.VocabSize, c.Dim), PadID: c.PadID},
		positions: torchx.Embedding{Weight: p.New("position_embeddings.weight", torchx.Normal(c.InitRange), c.MaxPositions, c.Dim), PadID: -1},
		longest:   c.MaxPositions,
		norm:      torchx.NewLayerNorm(p, "LayerNorm", c.Dim, layerNormEps),
		dropout:   c.Dropout,
	}
}

func (e embeddings) forward(s *torchx.Scope, ids *ts.Tensor) *ts.Tensor {
	words := s.Embedding(ids, e.words)                           // [batch, seq, dim]
	positions := s.Embedding(e.positionsOf(s, ids), e.positions) // [1, seq, dim]
	return s.Dropout(s.LayerNorm(s.Add(words, positions), e.norm), e.dropout)
}

// positionsOf returns 0…seq-1, shape [1, seq].
func (e embeddings) positionsOf(s *torchx.Scope, ids *ts.Tensor) *ts.Tensor {
	if s.Err() != nil {
		return nil
	}
	size, err := ids.Size()
	switch {
	case err != nil:
		s.Fail(fmt.Errorf("encoder: %w", err))
	case len(size) != 2:
		s.Fail(fmt.Errorf("encoder: ids have shape %v, want [batch, seq]", size))
	case size[1] > e.longest:
		s.Fail(fmt.Errorf("encoder: a text of %d tokens, but the encoder reads %d at most", size[1], e.longest))
	}
	if s.Err() != nil {
		return nil
	}
	positions := make([]int64, size[1])
	for i := range positions {
		positions[i] = int64(i)
	}
	return s.Int64s(positions, 1, size[1])
}

// layer is one transformer block, normalised after each residual sum.
type layer struct {
	attention     attention
	attentionNorm torchx.LayerNorm
	ffn           feedForward
	outputNorm    torchx.LayerNorm
}

func newLayer(p torchx.Params, c Config) layer {
	return layer{
		attention:     newAttention(p.Sub("attention"), c),
		attentionNorm: torchx.NewLayerNorm(p, "sa_layer_norm", c.Dim, layerNormEps),
		ffn:           newFeedForward(p.Sub("ffn"), c),
		outputNorm:    torchx.NewLayerNorm(p, "output_layer_norm", c.Dim, layerNormEps),
	}
}

// forward maps hidden states [batch, seq, dim] to hidden states of the same shape.
func (l layer) forward(s *torchx.Scope, x, mask *ts.Tensor) *ts.Tensor {
	attended := l.attention.forward(s, x, mask)
	x = s.LayerNorm(s.Add(attended, x), l.attentionNorm)
	return s.LayerNorm(s.Add(l.ffn.forward(s, x), x), l.outputNorm)
}

// attention is multi-head self-attention.
type attention struct {
	query, key, value, out torchx.Linear
	heads, dim             int64
	dropout                float64
}

func newAttention(p torchx.Params, c Config) attention {
	linear := func(name string) torchx.Linear { return torchx.NewLinearNormal(p, name, c.Dim, c.Dim, c.InitRange) }
	return attention{
		query:   linear("q_lin"),
		key:     linear("k_lin"),
		value:   linear("v_lin"),
		out:     linear("out_lin"),
		heads:   c.Heads,
		dim:     c.Dim,
		dropout: c.AttentionDropout,
	}
}

func (a attention) forward(s *torchx.Scope, x, mask *ts.Tensor) *ts.Tensor {
	q := a.split(s, s.Linear(x, a.query)) // [batch, heads, seq, dim/heads]
	k := a.split(s, s.Linear(x, a.key))
	v := a.split(s, s.Linear(x, a.value))
	context := s.Attention(q, k, v, mask, a.dropout) // [batch, heads, seq, dim/heads]
	return s.Linear(a.merge(s, context), a.out)      // [batch, seq, dim]
}

// split maps [batch, seq, dim] to [batch, heads, seq, dim/heads].
func (a attention) split(s *torchx.Scope, x *ts.Tensor) *ts.Tensor {
	return s.Transpose(s.Unflatten(x, a.heads, a.dim/a.heads), 1, 2)
}

// merge undoes split.
func (a attention) merge(s *torchx.Scope, x *ts.Tensor) *ts.Tensor {
	return s.Flatten(s.Transpose(x, 1, 2), 2)
}

// feedForward is Linear → GELU → Linear → dropout at each position.
type feedForward struct {
	inner, outer torchx.Linear
	dropout      float64
}

func newFeedForward(p torchx.Params, c Config) feedForward {
	return feedForward{
		inner:   torchx.NewLinearNormal(p, "lin1", c.Dim, c.HiddenDim, c.InitRange),
		outer:   torchx.NewLinearNormal(p, "lin2", c.HiddenDim, c.Dim, c.InitRange),
		dropout: c.Dropout,
	}
}

func (f feedForward) forward(s *torchx.Scope, x *ts.Tensor) *ts.Tensor {
	inner := s.GELU(s.Linear(x, f.inner)) // [batch, seq, hidden]
	return s.Dropout(s.Linear(inner, f.outer), f.dropout)
}

// normalButRow draws from N(0, std²) and zeroes one row, the padding token's.
func normalButRow(std float64, row int64) torchx.Init {
	return func(t *ts.Tensor) error {
		if err := t.Normal_(0, std); err != nil {
			return err
		}
		r, err := t.Select(0, row, false)
		if err != nil {
			return err
		}
		defer r.MustDrop()
		return r.Zero_()
	}
}
