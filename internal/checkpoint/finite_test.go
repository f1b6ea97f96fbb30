package checkpoint

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
)

// tensorOf holds zeros, and at one place the number of the given bits.
func tensorOf(dtype weights.DType, count, at int, bits uint64) weights.Tensor {
	size := int(dtype.Size())
	data := make([]byte, count*size)
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], bits)
	copy(data[at*size:(at+1)*size], number[:])
	return weights.Tensor{Name: "layer.weight", DType: dtype, Shape: []int64{int64(count)}, Data: data}
}

func TestFinite(t *testing.T) {
	f64 := math.Float64bits
	f32 := func(x float32) uint64 { return uint64(math.Float32bits(x)) }
	const sign16, sign32 = 1 << 15, 1 << 31
	largest := math.Float64frombits(0x47ef_ffff_efff_ffff) // rounds to the largest float32
	for name, test := range map[string]struct {
		dtype        weights.DType
		bits         uint64
		finite, fits bool // as float32, as bfloat16
	}{
		"one":                           {weights.F32, f32(1), true, true},
		"minus one":                     {weights.F32, f32(-1), true, true},
		"minus zero":                    {weights.F32, sign32, true, true},
		"smallest":                      {weights.F32, 1, true, true},
		"NaN":                           {weights.F32, f32(float32(math.NaN())), false, false},
		"another NaN":                   {weights.F32, 0xff80_0001, false, false},
		"infinity":                      {weights.F32, f32(float32(math.Inf(1))), false, false},
		"minus infinity":                {weights.F32, f32(float32(math.Inf(-1))), false, false},
		"largest":                       {weights.F32, f32(math.MaxFloat32), true, false},
		"minus largest":                 {weights.F32, f32(-math.MaxFloat32), true, false},
		"largest that fits bfloat16":    {weights.F32, 0x7f7f_7fff, true, true},
		"smallest that doesn't":         {weights.F32, 0x7f7f_8000, true, false},
		"float64 one":                   {weights.F64, f64(1), true, true},
		"float64 NaN":                   {weights.F64, f64(math.NaN()), false, false},
		"float64 too large for float32": {weights.F64, f64(1e39), false, false},
		"float64 rounds to infinity":    {weights.F64, 0x47ef_ffff_f000_0000, false, false},
		"float64 rounds to the largest": {weights.F64, f64(-largest), true, false},
		"float16 largest":               {weights.F16, 0x7bff, true, true},
		"float16 infinity":              {weights.F16, sign16 | 0x7c00, false, false},
		"float16 NaN":                   {weights.F16, 0x7c01, false, false},
		"bfloat16 largest":              {weights.BF16, sign16 | 0x7f7f, true, true},
		"bfloat16 infinity":             {weights.BF16, 0x7f80, false, false},
		"bfloat16 NaN":                  {weights.BF16, sign16 | 0x7fff, false, false},
		"integers have no infinity":     {weights.I64, math.MaxUint64, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			const count = 43 // no multiple of what is looked at at once
			for at := range count {
				tensor := []weights.Tensor{tensorOf(test.dtype, 3, 0, 0), tensorOf(test.dtype, count, at, test.bits)}
				for check, want := range map[string]struct {
					err  error
					good bool
					text string
				}{
					"finite": {Finite(tensor), test.finite, "layer.weight holds an infinity or a NaN"},
					"fits":   {FitsBFloat16(tensor), test.fits, "layer.weight holds a number that is too large for bfloat16"},
				} {
					if (want.err == nil) != want.good || !want.good && (!errors.Is(want.err, ErrNotFinite) || want.err.Error() != want.text) {
						t.Errorf("place %d: %s: error %v, want none: %v", at, check, want.err, want.good)
					}
				}
			}
		})
	}
}

// The limits are those of libtorch's conversions.
func TestLimitsAreTheConversions(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	for dtype, limit := range limits {
		for bits, want := range map[uint64]bool{limit.float32: false, limit.float32 - 1: true} {
			p := params(t, 1)[0]
			tensor := tensorOf(dtype, 8, 3, bits)
			tensor.Shape = []int64{1, 8}
			dt, err := torchx.DType(string(dtype))
			if err != nil {
				t.Fatal(err)
			}
			if err := torchx.SetBytes(p.Tensor, tensor.Data, dt, tensor.Shape); err != nil {
				t.Fatal(err)
			}
			x := float64(s.ReadFloat32(p.Tensor)[3])
			if got := !math.IsInf(x, 0) && !math.IsNaN(x); got != want {
				t.Errorf("%s %#x became %v", dtype, bits, x)
			}
		}
	}
}

// A parameter never gets a number that isn't finite.
func TestSetRefusesWhatIsNotFinite(t *testing.T) {
	p := params(t, 1)[0]
	before := values(t, []torchx.Param{p})
	tensor := tensorOf(weights.F32, 8, 7, 0x7fc0_0000)
	tensor.Shape = []int64{1, 8}
	err := Set(p, tensor)
	if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "tensor layer.weight holds an infinity or a NaN") {
		t.Errorf("error %v", err)
	}
	if values(t, []torchx.Param{p}) != before {
		t.Error("the parameter has changed")
	}
}

func BenchmarkFinite(b *testing.B) {
	const count = 66_000_000 // DistilBERT's parameters
	tensors := []weights.Tensor{tensorOf(weights.F32, count, 0, 0)}
	b.SetBytes(4 * count)
	for b.Loop() {
		if err := Finite(tensors); err != nil {
			b.Fatal(err)
		}
	}
}
