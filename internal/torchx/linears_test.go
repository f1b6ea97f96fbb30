package torchx

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// Results are the sums, whatever the instruction set; what doesn't suit is left to libtorch.
func TestOwnLinears(t *testing.T) {
	avx2 := []string{"avx2", "avxvnni"}
	all := append([]string{"avx512", "avx512vnni", "amx"}, avx2...)
	for _, size := range []struct {
		rows, in, out int
		suits         []string
	}{
		{1, 16, 32, all}, {2, 48, 64, all}, {5, 768, 96, all}, {13, 784, 32, all}, {96, 1536, 32, all},
		{97, 16, 32, avx2}, {100, 400, 64, avx2}, {133, 768, 96, avx2}, {146, 784, 32, avx2},
		{3, 20, 32, nil}, {3, 16, 40, nil}, {97, 20, 32, nil},
	} {
		t.Run(fmt.Sprint(size.rows, size.in, size.out), func(t *testing.T) {
			p := NewParams(gotch.CPU, true)
			defer p.Drop()
			l := NewLinear(p, "l", int64(size.in), int64(size.out))
			s := Inference(gotch.CPU)
			defer s.Close()
			values, weight, bias := waves(size.rows*size.in), s.ReadFloat32(l.Weight), s.ReadFloat32(l.Bias)
			x := s.Float32s(values, int64(size.rows), int64(size.in))
			for _, set := range isas() {
				own := s.ownLinearsWith(set, x, l)
				if suits := own != nil; suits != slices.Contains(size.suits, set.String()) || s.Err() != nil {
					t.Fatalf("%s: taken: %v; %v", set, suits, s.Err())
				}
				if own == nil {
					continue
				}
				for i, y := range s.ReadFloat32(own[0]) {
					want, most := float64(bias[i%size.out]), 0.0
					for j := range size.in {
						product := float64(values[i/size.out*size.in+j]) * float64(weight[i%size.out*size.in+j])
						want, most = want+product, most+math.Abs(product)
					}
					if d := math.Abs(float64(y) - want); !(d <= goldentest.Rounding*(1+most)) {
						t.Fatalf("%s: output %d is %v, want %v", set, i, y, want)
					}
				}
			}
			if got := s.ReadFloat32(s.Linear(x, l)); len(got) != size.rows*size.out || s.Err() != nil {
				t.Errorf("%d outputs; %v", len(got), s.Err())
			}
		})
	}
}

// Layers without a bias, and those of a training Scope, are libtorch's.
func TestOwnLinearsAreForInference(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	l := NewLinear(p, "l", 16, 32)
	s := Inference(gotch.CPU)
	x := s.Float32s(waves(32), 2, 16)
	if s.ownLinears(x, Linear{Weight: l.Weight}) != nil || s.ownLinears(nil, l) != nil || s.ownLinears(x, l, Linear{}) != nil {
		t.Error("taken without a bias, an input or weights")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = Training(gotch.CPU)
	if s.ownLinears(s.Float32s(waves(32), 2, 16), l) != nil {
		t.Error("taken in training")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Several layers at once give what each gives alone.
func TestLinears(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	layers := []Linear{NewLinear(p, "a", 48, 96), NewLinear(p, "b", 48, 32), NewLinear(p, "c", 48, 128)}
	for _, rounded := range []bool{false, true} {
		s := Inference(gotch.CPU)
		if rounded {
			s.Int8()
			for i := range layers {
				if err := layers[i].Quantize(); err != nil {
					t.Fatal(err)
				}
			}
		}
		x := s.Float32s(waves(11*48), 11, 48)
		for i, got := range s.Linears(x, layers...) {
			if !slices.Equal(s.ReadFloat32(got), s.ReadFloat32(s.Linear(x, layers[i]))) {
				t.Errorf("8 bits: %v: layer %d differs alone", rounded, i)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
