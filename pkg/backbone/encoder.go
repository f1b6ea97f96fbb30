// Package backbone is the encoder: DistilBERT (Sanh et al., 2019) or BERT (Devlin et
// al., 2019), with Hugging Face's parameter names and file formats.
//
// pkg/fusion creates the [Encoder] of a model ([New]) and runs it once per batch;
// pkg/run finds pretrained weights ([Find]) and loads them ([LoadPretrained]).
package backbone

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/nn"
)

// Encoder maps token ids to hidden states.
type Encoder struct {
	Config Config

	// Checkpointing makes a training Scope store only each layer's input and recompute the
	// layer in the backward pass.
	Checkpointing bool

	embeddings embeddings
	layers     []layer
}

// New adds the encoder's parameters to p: embeddings.* and transformer.layer.N.* for
// DistilBERT, encoder.layer.N.* for BERT. Weights are N(0, initializer_range), biases 0.
func New(p nn.Params, c Config) (*Encoder, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	e := &Encoder{Config: c, embeddings: newEmbeddings(p.Sub("embeddings"), c)}
	names := c.PartNames()
	for i := range c.Layers {
		e.layers = append(e.layers, newLayer(p.Sub(fmt.Sprintf("%s.%d", names.Layers, i)), c, names))
	}
	return e, p.Err()
}

// Round quantizes the layers for a Scope's [torchx.Scope.Int8].
func (e *Encoder) Round() error { return e.eachLinear((*torchx.Linear).Quantize) }

// Pack packs the layers for a Scope's [torchx.Scope.Packed].
func (e *Encoder) Pack() error { return e.eachLinear((*torchx.Linear).Pack) }

func (e *Encoder) eachLinear(f func(*torchx.Linear) error) error {
	for i := range e.layers {
		l := &e.layers[i]
		for _, linear := range []*torchx.Linear{
			&l.attention.query, &l.attention.key, &l.attention.value, &l.attention.out, &l.ffn.inner, &l.ffn.outer,
		} {
			if err := f(linear); err != nil {
				return fmt.Errorf("encoder layer %d: %w", i, err)
			}
		}
	}
	return nil
}

// Tokens are sequences of token ids, one after another, without padding.
type Tokens struct {
	IDs     []int64
	Lengths []int64 // of each sequence, at least 1; their sum is the number of IDs
}

// Forward maps tokens to hidden states [tokens, dim]. No sequence may be longer than
// Config.MaxPositions. No mask is needed, since there is no padding: attention is
// computed per sequence, everything else per token.
func (e *Encoder) Forward(s *nn.Scope, t Tokens) *ts.Tensor {
	x := s.Block(func() *ts.Tensor { return e.embeddings.forward(s, t) }) // [tokens, dim]
	for _, l := range e.layers {
		forward := func(x *ts.Tensor) *ts.Tensor { return l.forward(s, x, t.Lengths) }
		if e.Checkpointing && s.Learns(x, l.outputNorm.Weight) {
			x = s.Checkpointed(x, forward)
		} else {
			x = s.Block(func() *ts.Tensor { return forward(x) })
		}
	}
	return x
}

// embeddings adds the embeddings of tokens and positions.
type embeddings struct {
	words     torchx.Embedding
	positions torchx.Embedding
	types     *torchx.Embedding // BERT's token types, of which every token has the first; nil for DistilBERT
	longest   int64             // number of positions
	norm      torchx.LayerNorm
	dropout   float64
}

func newEmbeddings(p torchx.Params, c Config) embeddings {
	e := embeddings{
		words:     torchx.Embedding{Weight: p.New("word_embeddings.weight", normalButRow(c.InitRange, c.PadID), c.VocabSize, c.Dim), PadID: c.PadID},
		positions: torchx.Embedding{Weight: p.New("position_embeddings.weight", torchx.Normal(c.InitRange), c.MaxPositions, c.Dim), PadID: -1},
		longest:   c.MaxPositions,
		dropout:   c.Dropout,
	}
	if c.isBERT() {
		e.types = &torchx.Embedding{Weight: p.New("token_type_embeddings.weight", torchx.Normal(c.InitRange), c.TypeVocabSize, c.Dim), PadID: -1}
	}
	e.norm = torchx.NewLayerNorm(p, "LayerNorm", c.Dim, c.layerNormEps())
	return e
}

func (e embeddings) forward(s *torchx.Scope, t Tokens) *ts.Tensor {
	x := s.Embedding(s.Int64s(t.IDs, int64(len(t.IDs))), e.words) // [tokens, dim]
	if e.types != nil {
		// Added before the positions, as in BERT: another order would round differently.
		x = s.Add(x, s.Embedding(s.Int64s([]int64{0}, 1), *e.types))
	}
	positions := s.Embedding(e.positionsOf(s, t.Lengths), e.positions) // [tokens, dim]
	return s.Dropout(s.LayerNorm(s.Add(x, positions), e.norm), e.dropout)
}

// positionsOf returns the position of each token in its sequence, [tokens].
func (e embeddings) positionsOf(s *torchx.Scope, lengths []int64) *ts.Tensor {
	var positions []int64
	for _, length := range lengths {
		if length > e.longest {
			s.Fail(fmt.Errorf("encoder: a text of %d tokens, but the encoder reads %d at most", length, e.longest))
			return nil
		}
		for i := range length {
			positions = append(positions, i)
		}
	}
	return s.Int64s(positions, int64(len(positions)))
}

// layer is one transformer block, with LayerNorm after each residual sum.
type layer struct {
	attention     attention
	attentionNorm torchx.LayerNorm
	ffn           feedForward
	outputNorm    torchx.LayerNorm
}

func newLayer(p torchx.Params, c Config, names PartNames) layer {
	return layer{
		attention:     newAttention(p, c, names),
		attentionNorm: torchx.NewLayerNorm(p, names.AttentionNorm, c.Dim, c.layerNormEps()),
		ffn:           newFeedForward(p, c, names),
		outputNorm:    torchx.NewLayerNorm(p, names.OutputNorm, c.Dim, c.layerNormEps()),
	}
}

// forward maps hidden states [tokens, dim] to hidden states of the same shape.
func (l layer) forward(s *torchx.Scope, x *ts.Tensor, lengths []int64) *ts.Tensor {
	attended := l.attention.forward(s, x, lengths)
	x = s.LayerNorm(s.Add(attended, x), l.attentionNorm)
	return s.LayerNorm(s.Add(l.ffn.forward(s, x), x), l.outputNorm)
}

// attention is multi-head self-attention.
type attention struct {
	query, key, value, out torchx.Linear
	heads                  int64
	dropout                float64 // of the attention weights
	outDropout             float64 // of the output, only in BERT
}

func newAttention(p torchx.Params, c Config, names PartNames) attention {
	linear := func(name string) torchx.Linear { return torchx.NewLinearNormal(p, name, c.Dim, c.Dim, c.InitRange) }
	a := attention{
		query:   linear(names.Query),
		key:     linear(names.Key),
		value:   linear(names.Value),
		out:     linear(names.Out),
		heads:   c.Heads,
		dropout: c.AttentionDropout,
	}
	if c.isBERT() {
		a.outDropout = c.Dropout
	}
	return a
}

func (a attention) forward(s *torchx.Scope, x *ts.Tensor, lengths []int64) *ts.Tensor {
	qkv := s.Linears(x, a.query, a.key, a.value)                                        // [tokens, dim] each
	context := s.SequenceAttention(qkv[0], qkv[1], qkv[2], lengths, a.heads, a.dropout) // [tokens, dim]
	return s.Dropout(s.Linear(context, a.out), a.outDropout)                            // [tokens, dim]
}

// feedForward is Linear → activation → Linear → dropout at each position.
type feedForward struct {
	inner, outer torchx.Linear
	activation   string
	dropout      float64
}

func newFeedForward(p torchx.Params, c Config, names PartNames) feedForward {
	return feedForward{
		inner:      torchx.NewLinearNormal(p, names.Inner, c.Dim, c.HiddenDim, c.InitRange),
		outer:      torchx.NewLinearNormal(p, names.Outer, c.HiddenDim, c.Dim, c.InitRange),
		activation: c.Activation,
		dropout:    c.Dropout,
	}
}

func (f feedForward) forward(s *torchx.Scope, x *ts.Tensor) *ts.Tensor {
	inner := activated(s, f.activation, x, f.inner) // [tokens, hidden]
	return s.Dropout(s.Linear(inner, f.outer), f.dropout)
}

// normalButRow draws from N(0, std²) and zeroes one row, that of the padding token.
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
