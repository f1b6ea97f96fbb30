package torchx_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
)

func TestTransferKeepsValues(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	ints := []int64{math.MinInt64, -1, 0, math.MaxInt64}
	if got := s.ReadInt64(s.Int64s(ints, 2, 2)); !slices.Equal(got, ints) {
		t.Errorf("int64: %v", got)
	}
	floats := []float32{-1.5, 0, math.SmallestNonzeroFloat32, math.MaxFloat32}
	if got := s.ReadFloat32(s.Float32s(floats, 4)); !slices.Equal(got, floats) {
		t.Errorf("float32: %v", got)
	}
	if got := s.ReadInt64(s.Bools([]bool{true, false, true}, 3)); !slices.Equal(got, []int64{1, 0, 1}) {
		t.Errorf("bool: %v", got)
	}
	if got := s.ReadInt64(s.Int64s(nil, 0, 3)); len(got) != 0 {
		t.Errorf("empty: %v", got)
	}
	// Elements are copied: what the caller does to its slice later is no matter.
	data := []int64{1, 2}
	x := s.Int64s(data, 2)
	data[0] = 9
	if got := s.ReadInt64(x); got[0] != 1 {
		t.Error("the tensor shares the caller's memory")
	}
	// Row-major order, whatever the strides.
	if got := s.ReadInt64(s.Transpose(s.Int64s([]int64{1, 2, 3, 4, 5, 6}, 2, 3), 0, 1)); !slices.Equal(got, []int64{1, 4, 2, 5, 3, 6}) {
		t.Errorf("transposed: %v", got)
	}
}

func TestSetBytes(t *testing.T) {
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	w := p.New("w", torchx.Zeros, 2)
	for name, data := range map[string][]byte{
		"F64":  binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(1.5)), math.Float64bits(-2)),
		"F32":  binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, math.Float32bits(1.5)), math.Float32bits(-2)),
		"F16":  {0x00, 0x3e, 0x00, 0xc0},
		"BF16": {0xc0, 0x3f, 0x00, 0xc0},
	} {
		dtype, err := torchx.DType(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := torchx.SetBytes(w, make([]byte, 8), gotch.Float, []int64{2}); err != nil {
			t.Fatal(err)
		}
		if err := torchx.SetBytes(w, data, dtype, []int64{2}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := values(t, w); !slices.Equal(got, []float32{1.5, -2}) {
			t.Errorf("%s: %v, want [1.5 -2]", name, got)
		}
	}
	back, err := torchx.Bytes(w)
	if want := []byte{0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}; err != nil || !bytes.Equal(back, want) {
		t.Errorf("Bytes = % x, %v; want % x", back, err, want)
	}
	for name, tc := range map[string]struct {
		bytes int
		shape []int64
		want  string
	}{
		"too few bytes": {7, []int64{2}, "7 bytes given, but the shape [2] takes 8"},
		"broadcast":     {4, []int64{1}, "shape [1] given, but the tensor has [2]"},
		"other rank":    {8, []int64{2, 1}, "shape [2, 1] given"},
	} {
		if err := torchx.SetBytes(w, make([]byte, tc.bytes), gotch.Float, tc.shape); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if got := values(t, w); !slices.Equal(got, []float32{1.5, -2}) {
		t.Errorf("a refused SetBytes changed the tensor to %v", got)
	}
	if _, err := torchx.DType("I8"); err == nil {
		t.Error("I8 is a type of weights")
	}
}

func TestParams(t *testing.T) {
	before := live()
	p := torchx.NewParams(gotch.CPU, true)
	torchx.NewLinear(p.Sub("a").Sub("b"), "lin", 3, 2)
	torchx.NewLayerNorm(p, "norm", 4, 1e-12)
	var names []string
	for _, param := range p.All() {
		names = append(names, param.Name)
	}
	if want := []string{"a.b.lin.weight", "a.b.lin.bias", "norm.weight", "norm.bias"}; !slices.Equal(names, want) {
		t.Errorf("names %v, want %v", names, want)
	}
	if got := p.Count(); got != 3*2+2+4+4 {
		t.Errorf("%d scalars", got)
	}
	if _, ok := p.Get("norm"); ok {
		t.Error("Get finds a name that isn't there")
	}
	if p.New("norm.bias", torchx.Zeros, 4) != nil || p.New("later", torchx.Zeros, 1) != nil {
		t.Error("New goes on after an error")
	}
	if err := p.Err(); err == nil || err.Error() != `two parameters named "norm.bias"` {
		t.Errorf("error %v", err)
	}
	p.Drop()
	if got := live(); got != before {
		t.Errorf("%d tensors left after Drop", got-before)
	}
	scalar := torchx.NewParams(gotch.CPU, true)
	scalar.New("w", torchx.Zeros)
	if err := scalar.Err(); err == nil || err.Error() != "make parameter w []: it has no dimension" {
		t.Errorf("error %v", err)
	}
	huge := torchx.NewParams(gotch.CPU, false)
	huge.New("w", torchx.Zeros, 1<<40, 1<<20)
	if err := huge.Err(); err == nil || !strings.HasPrefix(err.Error(), "make parameter w [1099511627776 1048576]: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q", err)
	}
}

func TestSeedGivesTheSameWeights(t *testing.T) {
	draw := func(seed uint64) []float32 {
		if err := torchx.Seed(seed); err != nil {
			t.Fatal(err)
		}
		p := torchx.NewParams(gotch.CPU, true)
		defer p.Drop()
		return append(values(t, p.New("n", torchx.Normal(1), 40)), values(t, p.New("u", torchx.Uniform(1), 40))...)
	}
	if !slices.Equal(draw(5), draw(5)) {
		t.Error("the same seed draws other weights")
	}
	if slices.Equal(draw(5), draw(6)) {
		t.Error("another seed draws the same weights")
	}
	for _, x := range draw(7)[40:] {
		if x < -1 || x >= 1 {
			t.Errorf("U(-1, 1) drew %v", x)
		}
	}
}
