package torchx

// #include "linears.h"
import "C"

import (
	"runtime"
	"slices"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// ownLinears applies layers of the same inputs to x where that is faster than libtorch's
// products. It returns nil if x or the layers aren't suited: then libtorch does it.
func (s *Scope) ownLinears(x *ts.Tensor, layers ...Linear) []*ts.Tensor {
	if s.err != nil || x == nil || s.training || s.autocast || s.device != gotch.CPU {
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
