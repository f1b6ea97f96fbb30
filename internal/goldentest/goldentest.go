// Package goldentest reads the tensors of golden files, made by scripts/golden,
// in tests.
package goldentest

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/internal/weights"
)

// File is an open golden file. Accessing a missing tensor fails the test.
type File struct {
	tb   testing.TB
	file *weights.File
}

// Open opens a safetensors file or a state dict until the test ends.
func Open(tb testing.TB, path string) File {
	tb.Helper()
	file, err := weights.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := file.Close(); err != nil {
			tb.Error(err)
		}
	})
	return File{tb, file}
}

// Names lists the tensors.
func (f File) Names() []string { return f.file.Names() }

// Has reports whether there is such a tensor.
func (f File) Has(name string) bool { return slices.Contains(f.file.Names(), name) }

// Shape returns a tensor's shape.
func (f File) Shape(name string) []int64 {
	f.tb.Helper()
	return f.tensor(name).Shape
}

// Float32s returns the elements of an F32 tensor.
func (f File) Float32s(name string) []float32 {
	f.tb.Helper()
	t := f.typed(name, weights.F32)
	out := make([]float32, len(t.Data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return out
}

// Int64s returns the elements of an I64 tensor.
func (f File) Int64s(name string) []int64 {
	f.tb.Helper()
	t := f.typed(name, weights.I64)
	out := make([]int64, len(t.Data)/8)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(t.Data[8*i:]))
	}
	return out
}

// Bools returns the elements of a BOOL tensor.
func (f File) Bools(name string) []bool {
	f.tb.Helper()
	t := f.typed(name, weights.BOOL)
	out := make([]bool, len(t.Data))
	for i, b := range t.Data {
		out[i] = b != 0
	}
	return out
}

func (f File) typed(name string, want weights.DType) weights.Tensor {
	f.tb.Helper()
	t := f.tensor(name)
	if t.DType != want {
		f.tb.Fatalf("golden tensor %s is %s, want %s", name, t.DType, want)
	}
	return t
}

func (f File) tensor(name string) weights.Tensor {
	f.tb.Helper()
	t, err := f.file.Tensor(name)
	if err != nil {
		f.tb.Fatal(err)
	}
	return t
}

// Deviation is the difference between numbers and those wanted. Relative is Max relative
// to the largest element wanted (Max itself if all are zero).
type Deviation struct{ Mean, Max, Relative float64 }

// Rounding is a limit on [Deviation.Relative] for results of a few operations on
// float32: 170 times its rounding error of 2⁻²⁴. Processors add products in different
// orders, with and without fused multiplication, and the error grows with the size of the
// summands, not with that of each result.
const Rounding = 1e-5

// Compare returns the absolute deviation of got from want. It is infinite
// where a number isn't finite or the lengths differ, so that no limit holds.
func Compare(got, want []float32) Deviation {
	if len(got) != len(want) {
		return Deviation{math.Inf(1), math.Inf(1), math.Inf(1)}
	}
	var d Deviation
	for i := range got {
		diff := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(diff) {
			diff = math.Inf(1)
		}
		d.Mean += diff / float64(len(got))
		d.Max = max(d.Max, diff)
	}
	d.Relative = d.Max
	if largest := MaxAbs(want); largest > 0 {
		d.Relative = d.Max / largest
	}
	return d
}

// MaxAbs returns the largest absolute value. Rounding errors of a sum grow with it, so a
// limit on [Deviation] that holds on every processor is a fraction of it.
func MaxAbs(values []float32) float64 {
	var largest float64
	for _, v := range values {
		largest = max(largest, math.Abs(float64(v)))
	}
	return largest
}
