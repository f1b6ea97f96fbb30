package torchx

// #include <stdlib.h>
// #include "torchx.h"
import "C"

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// nativeError takes the message that a function of torchx.hpp returned.
func nativeError(message *C.char) error {
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return cleanError(errors.New(C.GoString(message)))
}

// handle is a bare C pointer. gotch frees a tensor's memory by a finalizer, so
// each caller keeps t reachable until C is done; a Scope's inputs are kept by
// [Scope.run].
func handle(t *ts.Tensor) C.tx_tensor {
	if t == nil {
		return nil
	}
	return C.tx_tensor(t.Ctensor())
}

// handles lists tensors for C. The array holds pointers to C memory only.
func handles(tensors []*ts.Tensor) *C.tx_tensor {
	if len(tensors) == 0 {
		return nil
	}
	list := make([]C.tx_tensor, len(tensors))
	for i, t := range tensors {
		list[i] = handle(t)
	}
	return &list[0]
}

func result(out C.tx_tensor, message *C.char) (*ts.Tensor, error) {
	if err := nativeError(message); err != nil {
		return nil, err
	}
	return ts.FromCtensor(unsafe.Pointer(out)), nil
}

func dims(shape []int64) (*C.int64_t, C.int64_t) {
	return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape))), C.int64_t(len(shape))
}

func fromMemory[T any](data []T, dtype gotch.DType, device gotch.Device, shape []int64) (*ts.Tensor, error) {
	var out C.tx_tensor
	sizes, n := dims(shape)
	message := C.tx_from_memory(&out, unsafe.Pointer(unsafe.SliceData(data)), sizes, n, C.int(dtype.CKind()), C.int(device.Value))
	return result(out, message)
}

func copyIn(dst *ts.Tensor, data []byte, dtype gotch.DType, shape []int64) error {
	defer runtime.KeepAlive(dst)
	sizes, n := dims(shape)
	return nativeError(C.tx_copy_in(handle(dst), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), sizes, n, C.int(dtype.CKind())))
}

func copyOut(src *ts.Tensor, data unsafe.Pointer, bytes int, dtype gotch.DType) error {
	defer runtime.KeepAlive(src)
	return nativeError(C.tx_copy_out(handle(src), data, C.size_t(bytes), C.int(dtype.CKind())))
}

func requireGrad(t *ts.Tensor, required bool) error {
	defer runtime.KeepAlive(t)
	return nativeError(C.tx_require_grad(handle(t), C.bool(required)))
}

func requiresGrad(t *ts.Tensor) (bool, error) {
	defer runtime.KeepAlive(t)
	var out C.bool
	err := nativeError(C.tx_requires_grad(&out, handle(t)))
	return bool(out), err
}

func setGradEnabled(on bool) (was bool) { return bool(C.tx_set_grad_enabled(C.bool(on))) }

func autocastBegin(device gotch.Device) (was bool, err error) {
	var before C.bool
	err = nativeError(C.tx_autocast_begin(&before, C.int(device.Value)))
	return bool(before), err
}

func autocastEnd(was bool, device gotch.Device) error {
	return nativeError(C.tx_autocast_end(C.bool(was), C.int(device.Value)))
}

func autocastForget() { C.tx_autocast_forget() }

func zeroGrad(params []*ts.Tensor) error {
	defer runtime.KeepAlive(params)
	return nativeError(C.tx_zero_grad(handles(params), C.int64_t(len(params))))
}

func clipGradNorm(params []*ts.Tensor, maxNorm float64) (norm float64, err error) {
	defer runtime.KeepAlive(params)
	var n C.double
	err = nativeError(C.tx_clip_grad_norm(&n, handles(params), C.int64_t(len(params)), C.double(maxNorm)))
	return float64(n), err
}

func adamwStep(params, avg, avgSq, steps []*ts.Tensor, lr, beta1, beta2, decay, eps float64) error {
	defer runtime.KeepAlive(params)
	return nativeError(C.tx_adamw(handles(params), handles(avg), handles(avgSq), handles(steps), C.int64_t(len(params)),
		C.double(lr), C.double(beta1), C.double(beta2), C.double(decay), C.double(eps)))
}

func backwardFrom(out, gradient *ts.Tensor) error {
	defer runtime.KeepAlive([]*ts.Tensor{out, gradient})
	return nativeError(C.tx_backward_from(handle(out), handle(gradient)))
}

// gradientOf is t's gradient, which the caller drops; nil if it has none.
func gradientOf(t *ts.Tensor) (*ts.Tensor, error) {
	defer runtime.KeepAlive(t)
	var out C.tx_tensor
	if err := nativeError(C.tx_gradient(&out, handle(t))); err != nil || out == nil {
		return nil, err
	}
	return ts.FromCtensor(unsafe.Pointer(out)), nil
}

func backward(loss *ts.Tensor) error {
	defer runtime.KeepAlive(loss)
	return nativeError(C.tx_backward(handle(loss)))
}
