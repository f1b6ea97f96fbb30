package torchx

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// Int64s makes an int64 tensor of the given shape on the Scope's device.
func (s *Scope) Int64s(data []int64, shape ...int64) *ts.Tensor {
	return fromSlice(s, data, gotch.Int64, shape)
}

// Float32s makes a float32 tensor of the given shape on the Scope's device.
func (s *Scope) Float32s(data []float32, shape ...int64) *ts.Tensor {
	return fromSlice(s, data, gotch.Float, shape)
}

// Bools makes a boolean tensor of the given shape on the Scope's device.
func (s *Scope) Bools(data []bool, shape ...int64) *ts.Tensor {
	return fromSlice(s, data, gotch.Bool, shape)
}

func fromSlice[T any](s *Scope, data []T, dtype gotch.DType, shape []int64) *ts.Tensor {
	return s.run("copy to the device", func() (*ts.Tensor, error) {
		if n := ts.ElementCount(shape); n != len(data) {
			return nil, fmt.Errorf("%d elements don't fill shape %v", len(data), shape)
		}
		return fromMemory(data, dtype, s.device, shape)
	})
}

// ReadFloat32 copies t to memory, converted to float32, in row-major order.
// After an error it returns nil.
func (s *Scope) ReadFloat32(t *ts.Tensor) []float32 { return read[float32](s, t, gotch.Float) }

// ReadInt64 is ReadFloat32 for int64.
func (s *Scope) ReadInt64(t *ts.Tensor) []int64 { return read[int64](s, t, gotch.Int64) }

func read[T any](s *Scope, t *ts.Tensor, dtype gotch.DType) []T {
	if s.err != nil {
		return nil
	}
	if t == nil {
		s.err = errors.New("read tensor: it is missing")
		return nil
	}
	data := make([]T, t.Numel())
	var zero T
	err := copyOut(t, unsafe.Pointer(unsafe.SliceData(data)), len(data)*int(unsafe.Sizeof(zero)), dtype)
	if err != nil {
		s.Fail(fmt.Errorf("read tensor %s: %w", shapes([]*ts.Tensor{t}), err))
		return nil
	}
	return data
}

// Value returns a scalar tensor's value. After an error it returns 0.
func (s *Scope) Value(t *ts.Tensor) float64 {
	if v := s.ReadFloat32(t); len(v) == 1 {
		return float64(v[0])
	}
	return 0
}

// Backward adds the gradients of loss, a scalar, to the parameters.
func (s *Scope) Backward(loss *ts.Tensor) {
	if s.err != nil {
		return
	}
	if loss == nil {
		s.err = errors.New("backward pass: there is no loss")
		return
	}
	if err := backward(loss); err != nil {
		s.Fail(fmt.Errorf("backward pass: %w", err))
		return
	}
	s.backwardAgain(0)
}

// SetBytes overwrites t with little-endian data of the given type and shape,
// converting to t's own type. The shapes must agree.
func SetBytes(t *ts.Tensor, data []byte, dtype gotch.DType, shape []int64) error {
	return copyIn(t, data, dtype, shape)
}

// Bytes returns t's elements as little-endian float32.
func Bytes(t *ts.Tensor) ([]byte, error) {
	data := make([]byte, 4*t.Numel())
	return data, copyOut(t, unsafe.Pointer(unsafe.SliceData(data)), len(data), gotch.Float)
}

// DType returns the floating-point type with that safetensors name, such as "F32".
// Weights of other types are quantised, and meaningless without their scales.
func DType(name string) (gotch.DType, error) {
	switch name {
	case "F64":
		return gotch.Double, nil
	case "F32":
		return gotch.Float, nil
	case "F16":
		return gotch.Half, nil
	case "BF16":
		return gotch.BFloat16, nil
	}
	return gotch.Invalid, fmt.Errorf("element type %s isn't supported for weights; want F32, F16, BF16 or F64", name)
}
