package nn

import "github.com/trident-nlp/trident/internal/torchx"

// Linear is y = x·Wᵀ + b, with Weight [out, in] and Bias [out] or nil. Scope.Linear
// applies it.
type Linear = torchx.Linear

// LayerNorm normalises over the last dimension, with Weight and Bias [dim].
// Scope.LayerNorm applies it.
type LayerNorm = torchx.LayerNorm

// Embedding looks ids up in Weight [count, dim]. The row PadID, if not negative, gets no
// gradient. Scope.Embedding applies it.
type Embedding = torchx.Embedding

// NewLinear adds name.weight [out, in] and name.bias [out] to p, drawn as PyTorch's
// nn.Linear draws them: U(-1/√in, 1/√in).
func NewLinear(p Params, name string, in, out int64) Linear {
	return torchx.NewLinear(p, name, in, out)
}

// NewLinearNormal adds name.weight ~ N(0, std²) [out, in] and name.bias = 0 [out] to p,
// as Hugging Face initialises encoders.
func NewLinearNormal(p Params, name string, in, out int64, std float64) Linear {
	return torchx.NewLinearNormal(p, name, in, out, std)
}

// NewLayerNorm adds name.weight = 1 and name.bias = 0, both [dim], to p.
func NewLayerNorm(p Params, name string, dim int64, eps float64) LayerNorm {
	return torchx.NewLayerNorm(p, name, dim, eps)
}
