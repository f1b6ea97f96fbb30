package weights

import (
	"fmt"
	"math/bits"
)

// DType is the type of a tensor's elements, named as safetensors names it.
type DType string

// The element types that both file formats share.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U8   DType = "U8"
	BOOL DType = "BOOL"
)

// Size returns the bytes that one element takes, or 0 for a type that this
// package doesn't know.
func (d DType) Size() int64 {
	switch d {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16, I16:
		return 2
	case I8, U8, BOOL:
		return 1
	}
	return 0
}

// maxRank is far above any model's, and bounds the work that one shape costs.
const maxRank = 64

// Tensor is a dense array with its name. Data holds the elements in row-major
// order, little-endian, without gaps. A Shape of length 0 is a scalar.
type Tensor struct {
	Name  string
	DType DType
	Shape []int64
	Data  []byte
}

// Validate reports whether the type is known and Data is as long as type and
// shape say.
func (t Tensor) Validate() error {
	want, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if int64(len(t.Data)) != want {
		return fmt.Errorf("tensor %q: %s%v takes %d bytes, but has %d", t.Name, t.DType, t.Shape, want, len(t.Data))
	}
	return nil
}

// numElements returns the product of the shape, or an error where a size is
// negative, the product overflows, or there are more than 64 dimensions.
func numElements(shape []int64) (int64, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, at most %d are supported", len(shape), maxRank)
	}
	n, empty, overflow := int64(1), false, false
	for _, size := range shape {
		switch {
		case size < 0:
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		case size == 0:
			empty = true
		case !overflow:
			n, overflow = multiply(n, size)
		}
	}
	if empty {
		return 0, nil
	}
	if overflow {
		return 0, fmt.Errorf("shape %v has more elements than can be counted", shape)
	}
	return n, nil
}

func byteSize(dtype DType, shape []int64) (int64, error) {
	if dtype.Size() == 0 {
		return 0, fmt.Errorf("element type %q is not supported", dtype)
	}
	n, err := numElements(shape)
	if err != nil {
		return 0, err
	}
	size, overflow := multiply(n, dtype.Size())
	if overflow {
		return 0, fmt.Errorf("shape %v has more bytes than can be counted", shape)
	}
	return size, nil
}

// multiply returns a·b of two numbers that are not negative, and whether the
// product is too large for an int64.
func multiply(a, b int64) (product int64, overflow bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int64(lo), hi != 0 || int64(lo) < 0
}

// rowMajorStrides returns the distances, in elements, between neighbours along
// each dimension of a contiguous tensor, as PyTorch counts them: a dimension
// of size 0 counts as 1.
func rowMajorStrides(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	next := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = next
		next *= max(shape[i], 1)
	}
	return strides
}
