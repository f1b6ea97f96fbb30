package torchx

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// Add returns a + b, broadcast.
func (s *Scope) Add(a, b *ts.Tensor) *ts.Tensor {
	return s.run("add", func() (*ts.Tensor, error) { return a.Add(b, false) }, a, b)
}

// Mul returns a · b element by element, broadcast.
func (s *Scope) Mul(a, b *ts.Tensor) *ts.Tensor {
	return s.run("mul", func() (*ts.Tensor, error) { return a.Mul(b, false) }, a, b)
}

// Div returns a / b element by element, broadcast.
func (s *Scope) Div(a, b *ts.Tensor) *ts.Tensor {
	return s.run("div", func() (*ts.Tensor, error) { return a.Div(b, false) }, a, b)
}

// Mean is the mean of all of x's elements, a scalar.
func (s *Scope) Mean(x *ts.Tensor) *ts.Tensor {
	return s.run("mean", func() (*ts.Tensor, error) { return x.Mean(gotch.Float, false) }, x)
}

// Sum adds x up along dim, which disappears from its shape.
func (s *Scope) Sum(x *ts.Tensor, dim int64) *ts.Tensor {
	return s.run("sum", func() (*ts.Tensor, error) { return x.SumDimIntlist([]int64{dim}, false, gotch.Float, false) }, x)
}

// Softmax normalises x along dim.
func (s *Scope) Softmax(x *ts.Tensor, dim int64) *ts.Tensor {
	return s.run("softmax", func() (*ts.Tensor, error) { return x.Softmax(dim, gotch.Float, false) }, x)
}

// LogSoftmax is the logarithm of [Scope.Softmax], finite where that is 0.
func (s *Scope) LogSoftmax(x *ts.Tensor, dim int64) *ts.Tensor {
	return s.run("log softmax", func() (*ts.Tensor, error) { return x.LogSoftmax(dim, gotch.Float, false) }, x)
}

// Sigmoid returns 1 / (1 + exp(-x)).
func (s *Scope) Sigmoid(x *ts.Tensor) *ts.Tensor {
	return s.run("sigmoid", func() (*ts.Tensor, error) { return x.Sigmoid(false) }, x)
}

// LogSigmoid is the logarithm of [Scope.Sigmoid], finite where that is 0.
func (s *Scope) LogSigmoid(x *ts.Tensor) *ts.Tensor {
	return s.run("log sigmoid", func() (*ts.Tensor, error) { return x.LogSigmoid(false) }, x)
}

// ReLU is max(x, 0).
func (s *Scope) ReLU(x *ts.Tensor) *ts.Tensor {
	return s.run("relu", func() (*ts.Tensor, error) { return x.Relu(false) }, x)
}

// GELU is the exact form, x · Φ(x), by the error function.
func (s *Scope) GELU(x *ts.Tensor) *ts.Tensor {
	return s.run("gelu", func() (*ts.Tensor, error) { return x.Gelu("none", false) }, x)
}

// GELUTanh is GELU's approximation by the hyperbolic tangent (Hugging Face's gelu_new).
func (s *Scope) GELUTanh(x *ts.Tensor) *ts.Tensor {
	return s.run("gelu", func() (*ts.Tensor, error) { return x.Gelu("tanh", false) }, x)
}

// MaskedFill fills x with value where mask is true. mask broadcasts to x.
func (s *Scope) MaskedFill(x, mask *ts.Tensor, value float64) *ts.Tensor {
	return s.run("masked fill", func() (*ts.Tensor, error) {
		fill := ts.FloatScalar(value)
		defer runtime.KeepAlive(fill) // gotch frees scalars by a finalizer
		return x.MaskedFill(mask, fill, false)
	}, x, mask)
}

// Not negates a boolean tensor.
func (s *Scope) Not(mask *ts.Tensor) *ts.Tensor {
	return s.run("not", func() (*ts.Tensor, error) { return mask.LogicalNot(false) }, mask)
}

// Shape returns x's sizes. After an error it returns nil.
func (s *Scope) Shape(x *ts.Tensor) []int64 {
	if s.err != nil {
		return nil
	}
	if x == nil {
		s.err = errors.New("shape: the tensor is missing")
		return nil
	}
	size, err := x.Size()
	if err != nil {
		s.err = fmt.Errorf("shape: %w", cleanError(err))
	}
	return size
}

// Flatten joins x's dimensions from dim on into one.
func (s *Scope) Flatten(x *ts.Tensor, dim int) *ts.Tensor {
	return s.run("flatten", func() (*ts.Tensor, error) {
		size, err := x.Size()
		if err != nil {
			return nil, err
		}
		return x.Reshape(append(size[:dim], -1), false)
	}, x)
}

// Rows joins all of x's dimensions but the last, giving [n, last].
func (s *Scope) Rows(x *ts.Tensor) *ts.Tensor {
	return s.run("rows", func() (*ts.Tensor, error) {
		size, err := x.Size()
		if err != nil {
			return nil, err
		}
		return x.Reshape([]int64{-1, size[len(size)-1]}, false)
	}, x)
}

// Transpose swaps two dimensions.
func (s *Scope) Transpose(x *ts.Tensor, a, b int64) *ts.Tensor {
	return s.run("transpose", func() (*ts.Tensor, error) { return x.Transpose(a, b, false) }, x)
}

// Unsqueeze inserts a dimension of size one.
func (s *Scope) Unsqueeze(x *ts.Tensor, dim int64) *ts.Tensor {
	return s.run("unsqueeze", func() (*ts.Tensor, error) { return x.Unsqueeze(dim, false) }, x)
}

// Select takes one index along dim, which disappears from the shape.
func (s *Scope) Select(x *ts.Tensor, dim, index int64) *ts.Tensor {
	return s.run("select", func() (*ts.Tensor, error) { return x.Select(dim, index, false) }, x)
}

// Take takes the elements at index [n] (int64) along dim, in index's order.
func (s *Scope) Take(x *ts.Tensor, dim int64, index *ts.Tensor) *ts.Tensor {
	return s.run("take", func() (*ts.Tensor, error) { return x.IndexSelect(dim, index, false) }, x, index)
}

// Narrow takes length elements from start along dim.
func (s *Scope) Narrow(x *ts.Tensor, dim, start, length int64) *ts.Tensor {
	return s.run("narrow", func() (*ts.Tensor, error) { return x.Narrow(dim, start, length, false) }, x)
}

// Cat joins tensors along dim, in which alone they may differ.
func (s *Scope) Cat(dim int64, list ...*ts.Tensor) *ts.Tensor {
	return s.run("cat", func() (*ts.Tensor, error) { return ts.Cat(list, dim) }, list...)
}

// Reshape gives x another shape of as many elements; one of the sizes may be -1.
func (s *Scope) Reshape(x *ts.Tensor, shape ...int64) *ts.Tensor {
	return s.run("reshape", func() (*ts.Tensor, error) { return x.Reshape(shape, false) }, x)
}

// MatMul multiplies the matrices of a [..., n, k] and b [..., k, m], giving [..., n, m].
func (s *Scope) MatMul(a, b *ts.Tensor) *ts.Tensor {
	return s.run("matmul", func() (*ts.Tensor, error) { return a.Matmul(b, false) }, a, b)
}

// Scale returns x · factor.
func (s *Scope) Scale(x *ts.Tensor, factor float64) *ts.Tensor {
	return s.run("scale", func() (*ts.Tensor, error) {
		scalar := ts.FloatScalar(factor)
		defer runtime.KeepAlive(scalar)
		return x.MulScalar(scalar, false)
	}, x)
}

// Float converts x to float32; of a boolean tensor true becomes 1.
func (s *Scope) Float(x *ts.Tensor) *ts.Tensor {
	return s.run("to float32", func() (*ts.Tensor, error) { return x.Totype(gotch.Float, false) }, x)
}

// Detach returns x's values as a constant: no gradient flows back to x.
func (s *Scope) Detach(x *ts.Tensor) *ts.Tensor {
	return s.run("detach", func() (*ts.Tensor, error) { return x.Detach(false) }, x)
}

// Argmax returns the index of the largest element along dim.
func (s *Scope) Argmax(x *ts.Tensor, dim int64) *ts.Tensor {
	return s.run("argmax", func() (*ts.Tensor, error) { return x.Argmax([]int64{dim}, false, false) }, x)
}
