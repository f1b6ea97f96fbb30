package torchx

import (
	"math"

	"github.com/sugarme/gotch/ts"
)

// Linear is y = x·Wᵀ + b, with Weight [out, in] and Bias [out] or nil.
type Linear struct {
	Weight, Bias *ts.Tensor
	int8         *int8Weights   // after Quantize
	packed       *packedWeights // after Pack
}

// LayerNorm normalises over the last dimension, with Weight and Bias [dim].
type LayerNorm struct {
	Weight, Bias *ts.Tensor
	Eps          float64
}

// Embedding looks ids up in Weight [count, dim]. The row PadID, if not
// negative, gets no gradient.
type Embedding struct {
	Weight *ts.Tensor
	PadID  int64
}

// Linear applies l to x [..., in], giving [..., out].
func (s *Scope) Linear(x *ts.Tensor, l Linear) *ts.Tensor {
	if s.int8 && l.int8 != nil {
		return s.int8Linears(x, []*int8Weights{l.int8}, false)[0]
	}
	if s.packed && l.packed != nil {
		return s.packedLinears(x, []*packedWeights{l.packed}, false)[0]
	}
	if own := s.ownLinears(x, l); own != nil {
		return own[0]
	}
	bias := l.Bias
	if bias == nil {
		bias = ts.None
	}
	return s.run("linear", func() (*ts.Tensor, error) { return ts.Linear(x, l.Weight, bias) }, x, l.Weight)
}

// LinearGELU is [Scope.GELU] of [Scope.Linear].
func (s *Scope) LinearGELU(x *ts.Tensor, l Linear) *ts.Tensor {
	if s.int8 && l.int8 != nil {
		return s.int8Linears(x, []*int8Weights{l.int8}, true)[0]
	}
	if s.packed && l.packed != nil {
		return s.packedLinears(x, []*packedWeights{l.packed}, true)[0]
	}
	return s.GELU(s.Linear(x, l))
}

// Linears is [Scope.Linear] of x with each of the layers, which have the same inputs.
func (s *Scope) Linears(x *ts.Tensor, layers ...Linear) []*ts.Tensor {
	if weights := each(layers, func(l Linear) *int8Weights { return l.int8 }); s.int8 && weights != nil {
		return s.int8Linears(x, weights, false)
	}
	if weights := each(layers, func(l Linear) *packedWeights { return l.packed }); s.packed && weights != nil {
		return s.packedLinears(x, weights, false)
	}
	if own := s.ownLinears(x, layers...); own != nil {
		return own
	}
	results := make([]*ts.Tensor, len(layers))
	for i, l := range layers {
		results[i] = s.Linear(x, l)
	}
	return results
}

// each returns what of returns for each layer; nil if that is nil for one of them.
func each[T any](layers []Linear, of func(Linear) *T) []*T {
	list := make([]*T, len(layers))
	for i, l := range layers {
		if list[i] = of(l); list[i] == nil {
			return nil
		}
	}
	return list
}

// LayerNorm applies n to x [..., dim].
func (s *Scope) LayerNorm(x *ts.Tensor, n LayerNorm) *ts.Tensor {
	return s.run("layer norm", func() (*ts.Tensor, error) {
		size, err := n.Weight.Size()
		if err != nil {
			return nil, err
		}
		return ts.LayerNorm(x, size, n.Weight, n.Bias, n.Eps, false)
	}, x, n.Weight)
}

// Embedding maps ids [...] (int64) to vectors [..., dim].
func (s *Scope) Embedding(ids *ts.Tensor, e Embedding) *ts.Tensor {
	return s.run("embedding", func() (*ts.Tensor, error) { return ts.Embedding(e.Weight, ids, e.PadID, false, false) }, ids, e.Weight)
}

// NewLinear adds name.weight and name.bias with PyTorch's default for
// nn.Linear, U(-1/√in, 1/√in).
func NewLinear(p Params, name string, in, out int64) Linear {
	bound := Uniform(1 / math.Sqrt(float64(in)))
	return Linear{
		Weight: p.New(name+".weight", bound, out, in),
		Bias:   p.New(name+".bias", bound, out),
	}
}

// NewLinearNormal adds name.weight ~ N(0, std) and name.bias = 0, as Hugging
// Face initialises encoders.
func NewLinearNormal(p Params, name string, in, out int64, std float64) Linear {
	return Linear{
		Weight: p.New(name+".weight", Normal(std), out, in),
		Bias:   p.New(name+".bias", Zeros, out),
	}
}

// NewLayerNorm adds name.weight = 1 and name.bias = 0.
func NewLayerNorm(p Params, name string, dim int64, eps float64) LayerNorm {
	return LayerNorm{
		Weight: p.New(name+".weight", Ones, dim),
		Bias:   p.New(name+".bias", Zeros, dim),
		Eps:    eps,
	}
}
