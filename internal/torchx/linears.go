package torchx

// #include "linears.h"
import "C"

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// ownLinears applies layers of the same inputs to x with our own products, forward and
// backward. It returns nil if x or the layers aren't suited: then libtorch does it.
func (s *Scope) ownLinears(x *ts.Tensor, layers ...Linear) []*ts.Tensor {
	if s.err != nil || x == nil || s.autocast || s.device != gotch.CPU {
		return nil
	}
	if slices.ContainsFunc(layers, func(l Linear) bool { return l.Weight == nil || l.Bias == nil }) {
		return nil
	}
	set, err := bestISA()
	if err != nil {
		s.Fail(err)
		return nil
	}
	return s.ownLinearsWith(set, x, layers...)
}

// ownLinearsWith is ownLinears with the instruction set.
func (s *Scope) ownLinearsWith(set isa, x *ts.Tensor, layers ...Linear) []*ts.Tensor {
	weights, biases := make([]C.tx_tensor, len(layers)), make([]C.tx_tensor, len(layers))
	for i, l := range layers {
		weights[i], biases[i] = handle(l.Weight), handle(l.Bias)
	}
	outs := make([]C.tx_tensor, len(layers))
	var done C.bool
	message := C.tx_linears(&outs[0], &done, handle(x), &weights[0], &biases[0], C.int64_t(len(layers)), C.tx_isa(set))
	runtime.KeepAlive(x)
	runtime.KeepAlive(layers)
	if message == nil && !done {
		return nil
	}
	results := make([]*ts.Tensor, len(layers))
	for i := range results {
		results[i] = s.run("linear", func() (*ts.Tensor, error) { return result(outs[i], message) }, x)
	}
	return results
}

// packedWeights are a linear layer's weights in the order in which products read them.
type packedWeights struct{ packed C.tx_packed }

// Pack prepares l for [Scope.Packed]: it keeps a copy of the weights, ordered for faster
// products in float32. Later changes of the weights don't affect the copy. It does nothing
// if the processor or the layer isn't suited.
func (l *Linear) Pack() error {
	set, err := bestISA()
	if err == nil && l.Weight != nil {
		err = l.packFor(set)
	}
	if err != nil {
		return fmt.Errorf("order the weights of a linear layer: %w", err)
	}
	return nil
}

func (l *Linear) packFor(set isa) error {
	var packed C.tx_packed
	message := C.tx_linear_pack(&packed, handle(l.Weight), handle(l.Bias), C.tx_isa(set))
	runtime.KeepAlive(l)
	if err := nativeError(message); err != nil || packed == nil {
		return err
	}
	l.packed = &packedWeights{packed}
	runtime.AddCleanup(l.packed, func(p C.tx_packed) { C.tx_linear_free(p) }, packed)
	return nil
}

// Packed computes packed linear layers ([Linear.Pack]) from their copies until Close, for
// inference in float32 on the CPU.
func (s *Scope) Packed() { s.packed = !s.training && !s.autocast && s.device == gotch.CPU }

// packedLinears applies layers of the same inputs to x.
func (s *Scope) packedLinears(x *ts.Tensor, layers []*packedWeights, gelu bool) []*ts.Tensor {
	best, err := bestISA()
	s.Fail(err)
	return s.packedLinearsWith(best, x, layers, gelu)
}

// packedLinearsWith is packedLinears with the instruction set that they were packed for.
func (s *Scope) packedLinearsWith(set isa, x *ts.Tensor, layers []*packedWeights, gelu bool) []*ts.Tensor {
	packed := make([]C.tx_packed, len(layers))
	for i, l := range layers {
		packed[i] = l.packed
	}
	defer runtime.KeepAlive(layers)
	return s.runForAll("linear", x, len(layers), func(outs *C.tx_tensor) *C.char {
		return C.tx_packed_linears(outs, handle(x), &packed[0], C.int64_t(len(layers)), C.bool(gelu), C.tx_isa(set))
	})
}

// runForAll is [Scope.run] for an operation on x with n results, which f stores in outs.
func (s *Scope) runForAll(op string, x *ts.Tensor, n int, f func(outs *C.tx_tensor) *C.char) []*ts.Tensor {
	outs, results := make([]C.tx_tensor, n), make([]*ts.Tensor, n)
	for i := range results {
		results[i] = s.run(op, func() (*ts.Tensor, error) {
			var message *C.char
			if i == 0 {
				message = f(&outs[0])
			}
			return result(outs[i], message)
		}, x)
	}
	return results
}
