package onnx

import (
	"fmt"
	"math"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// The graph's inputs, int64 [batch_size, sequence_length].
const (
	InputIDs      = "input_ids"
	AttentionMask = "attention_mask" // 1 on tokens, 0 on padding, which comes after them
)

// encoder adds backbone.Encoder's computation to a graph.
type encoder struct {
	*graph
	config backbone.Config
	parts  backbone.PartNames
	prefix string                        // of the parameters, with a dot
	linear func(x, prefix string) string // of the layers
}

// forward returns the hidden states [batch, seq, dim].
func (e encoder) forward() string {
	x := e.embeddings()
	bias := e.maskBias()
	for i := range e.config.Layers {
		x = e.layer(x, bias, fmt.Sprintf("%s%s.%d.", e.prefix, e.parts.Layers, i))
	}
	return x
}

func (e encoder) embeddings() string {
	at := e.prefix + "embeddings."
	x := e.op("Gather", at+"word_embeddings/rows", []string{e.param(at + "word_embeddings.weight"), InputIDs})
	if e.config.TypeVocabSize > 0 { // every token has the first type
		first := e.op("Gather", at+"token_type_embeddings/row", []string{e.param(at + "token_type_embeddings.weight"), e.ints("first", 0)})
		x = e.op("Add", at+"typed", []string{x, first})
	}
	length := e.op("Gather", at+"length", []string{e.op("Shape", at+"shape", []string{InputIDs}), e.int("1", 1)})
	places := e.op("Range", at+"places", []string{e.int("0", 0), length, e.int("1", 1)})
	positions := e.op("Gather", at+"position_embeddings/rows", []string{e.param(at + "position_embeddings.weight"), places}) // [seq, dim]
	return e.layerNorm(e.op("Add", at+"sum", []string{x, positions}), at+"LayerNorm", e.config.NormEps())
}

// lowest is added to the scores of padding, whose softmax is then 0. An infinity would
// give NaN for a row of padding alone.
const lowest = -math.MaxFloat32

// maskBias returns what is added to attention's scores, [batch, 1, 1, seq]: 0 on tokens.
func (e encoder) maskBias() string {
	at := e.prefix + "mask/"
	wide := e.op("Unsqueeze", at+"wide", []string{AttentionMask, e.ints("axes12", 1, 2)})
	inverted := e.op("Sub", at+"inverted", []string{e.float("one", 1), e.cast(at+"float", wide, onnxpb.TensorProto_FLOAT)})
	return e.op("Mul", at+"bias", []string{inverted, e.float("lowest", lowest)})
}

// layer is one transformer block, with LayerNorm after each residual sum.
func (e encoder) layer(x, bias, at string) string {
	attended := e.attention(x, bias, at)
	x = e.layerNorm(e.op("Add", at+"attention/residual", []string{attended, x}), at+e.parts.AttentionNorm, e.config.NormEps())
	inner := e.activated(e.linear(x, at+e.parts.Inner), at+e.parts.Inner)
	fed := e.linear(inner, at+e.parts.Outer)
	return e.layerNorm(e.op("Add", at+"ffn/residual", []string{fed, x}), at+e.parts.OutputNorm, e.config.NormEps())
}

// attention is multi-head self-attention: softmax(Q·Kᵀ/√d + bias)·V.
func (e encoder) attention(x, bias, at string) string {
	size := e.config.Dim / e.config.Heads
	split := func(part string, perm ...int64) string {
		y := e.op("Reshape", at+part+"/split", []string{e.linear(x, at+part), e.ints("split", 0, 0, e.config.Heads, size)})
		return e.op("Transpose", at+part+"/heads", []string{y}, intsAttribute("perm", perm...))
	}
	query := split(e.parts.Query, 0, 2, 1, 3) // [batch, heads, seq, size]
	key := split(e.parts.Key, 0, 2, 3, 1)     // [batch, heads, size, seq]
	value := split(e.parts.Value, 0, 2, 1, 3)
	scores := e.op("MatMul", at+"attention/products", []string{query, key})
	scores = e.op("Div", at+"attention/scores", []string{scores, e.float("sqrt_size", math.Sqrt(float64(size)))})
	weights := e.op("Softmax", at+"attention/weights", []string{e.op("Add", at+"attention/masked", []string{scores, bias})}, intAttribute("axis", -1))
	context := e.op("MatMul", at+"attention/context", []string{weights, value})
	context = e.op("Transpose", at+"attention/tokens", []string{context}, intsAttribute("perm", 0, 2, 1, 3))
	context = e.op("Reshape", at+"attention/joined", []string{context, e.ints("join", 0, 0, e.config.Dim)})
	return e.linear(context, at+e.parts.Out)
}

// activated is the feed-forward network's activation.
func (e encoder) activated(x, at string) string {
	switch e.config.Activation {
	case "relu":
		return e.op("Relu", at+"/relu", []string{x})
	case "gelu_new":
		return e.geluTanh(x, at)
	}
	return e.gelu(x, at)
}
