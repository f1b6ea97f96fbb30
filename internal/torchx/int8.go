package torchx

// #include "int8.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// int8Weights are a linear layer's weights in 8-bit integers.
type int8Weights struct{ packed C.tx_int8 }

// Quantize prepares l for [Scope.Int8]: it keeps a copy of the weights rounded to 8-bit
// integers, with a scale for each output. Later changes of the weights don't affect the
// copy.
func (l *Linear) Quantize() error {
	if l.Weight == nil {
		return errors.New("round a linear layer to 8 bits: its weights are missing")
	}
	var packed C.tx_int8
	message := C.tx_int8_pack(&packed, handle(l.Weight), handle(l.Bias))
	runtime.KeepAlive(l)
	if err := nativeError(message); err != nil {
		return fmt.Errorf("round a linear layer to 8 bits: %w", err)
	}
	l.int8 = &int8Weights{packed}
	runtime.AddCleanup(l.int8, func(p C.tx_int8) { C.tx_int8_free(p) }, packed)
	return nil
}

// Int8 computes quantised linear layers ([Linear.Quantize]) in 8-bit integers until Close,
// for inference on the CPU. Each input row is rounded with its own scale, so its result
// doesn't depend on its neighbours. Products are summed exactly; results are float32.
func (s *Scope) Int8() {
	switch {
	case s.training:
		s.Fail(errors.New("8-bit layers have no gradient: they are for inference only"))
	case s.device != gotch.CPU:
		s.Fail(errors.New("8-bit layers are for the CPU only"))
	}
	s.int8 = true
}

// int8Linears applies layers of the same inputs to x, which is rounded once.
func (s *Scope) int8Linears(x *ts.Tensor, layers []*int8Weights, gelu bool) []*ts.Tensor {
	best, err := bestISA()
	if err != nil {
		s.Fail(fmt.Errorf("linear in 8 bits: %w", err))
	}
	return s.int8LinearsWith(best, x, layers, gelu)
}

// int8LinearsWith is int8Linears with the instruction set.
func (s *Scope) int8LinearsWith(set isa, x *ts.Tensor, layers []*int8Weights, gelu bool) []*ts.Tensor {
	packed := make([]C.tx_int8, len(layers))
	for i, l := range layers {
		packed[i] = l.packed
	}
	defer runtime.KeepAlive(layers)
	return s.runForAll("linear in 8 bits", x, len(layers), func(outs *C.tx_tensor) *C.char {
		return C.tx_int8_linears(outs, handle(x), &packed[0], C.int64_t(len(layers)), C.bool(gelu), C.tx_isa(set))
	})
}
