package torchx

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// testLayer is a layer and its inputs.
type testLayer struct {
	Linear
	x                    *ts.Tensor // [rows, in]
	rows, in, out        int
	values, weight, bias []float32
}

func newTestLayer(s *Scope, p Params, rows, in, out int) testLayer {
	l := testLayer{Linear: NewLinear(p, "l", int64(in), int64(out)), rows: rows, in: in, out: out, values: waves(rows * in)}
	l.weight, l.bias = s.ReadFloat32(l.Weight), s.ReadFloat32(l.Bias)
	l.x = s.Float32s(l.values, int64(rows), int64(in))
	return l
}

// check compares outputs with sums in float64.
func (l testLayer) check(t *testing.T, got []float32) {
	t.Helper()
	if len(got) != l.rows*l.out {
		t.Fatalf("%d outputs, want %d", len(got), l.rows*l.out)
	}
	for i, y := range got {
		want, most := float64(l.bias[i%l.out]), 0.0
		for j := range l.in {
			product := float64(l.values[i/l.out*l.in+j]) * float64(l.weight[i%l.out*l.in+j])
			want, most = want+product, most+math.Abs(product)
		}
		if d := math.Abs(float64(y) - want); !(d <= goldentest.Rounding*(1+most)) {
			t.Fatalf("output %d is %v, want %v", i, y, want)
		}
	}
}

// suited lists the instruction sets that have products of their own.
func suited() []isa {
	return slices.DeleteFunc(isas(), func(set isa) bool { return set == portableISA })
}

// Results are the sums, whatever the instruction set, packed or not; what doesn't suit is
// left to libtorch.
func TestOwnLinears(t *testing.T) {
	for _, size := range []struct {
		rows, in, out int
		suits         bool
	}{
		{1, 16, 32, true}, {2, 48, 64, true}, {5, 768, 96, true}, {13, 784, 32, true}, {96, 1536, 32, true},
		{97, 16, 32, true}, {100, 400, 64, true}, {133, 768, 96, true}, {146, 784, 32, true},
		{1, 16, 1, true}, {3, 800, 17, true}, {98, 64, 21, true}, {1030, 32, 80, true},
		{3, 20, 32, false}, {97, 20, 32, false},
	} {
		t.Run(fmt.Sprint(size.rows, size.in, size.out), func(t *testing.T) {
			p := NewParams(gotch.CPU, true)
			defer p.Drop()
			s := Inference(gotch.CPU)
			defer s.Close()
			l := newTestLayer(s, p, size.rows, size.in, size.out)
			for _, set := range isas() {
				own := s.ownLinearsWith(set, l.x, l.Linear)
				if suits := own != nil; suits != (size.suits && set != portableISA) || s.Err() != nil {
					t.Fatalf("%s: taken: %v; %v", set, suits, s.Err())
				}
				packed := l.Linear
				if err := packed.packFor(set); err != nil || (packed.packed != nil) != (own != nil) {
					t.Fatalf("%s: packed: %v; %v", set, packed.packed != nil, err)
				}
				if own == nil {
					continue
				}
				l.check(t, s.ReadFloat32(own[0]))
				ordered := s.packedLinearsWith(set, l.x, []*packedWeights{packed.packed}, false)[0]
				l.check(t, s.ReadFloat32(ordered))
				activated := s.packedLinearsWith(set, l.x, []*packedWeights{packed.packed}, true)[0]
				if d := goldentest.Compare(s.ReadFloat32(activated), s.ReadFloat32(s.GELU(ordered))); !(d.Max <= goldentest.Rounding) {
					t.Errorf("%s: GELU differs by %g", set, d.Max)
				}
			}
			l.check(t, s.ReadFloat32(s.Linear(l.x, l.Linear)))
		})
	}
}

// A row's result is the same bit for bit with other rows around it.
func TestPackedRowsAreIndependent(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	s := Inference(gotch.CPU)
	defer s.Close()
	l := newTestLayer(s, p, 140, 800, 96)
	for _, set := range suited() {
		if err := l.packFor(set); err != nil {
			t.Fatal(err)
		}
		outputs := func(first, rows int64) []float32 {
			return s.ReadFloat32(s.packedLinearsWith(set, s.Narrow(l.x, 0, first, rows), []*packedWeights{l.packed}, false)[0])
		}
		all := outputs(0, 140)
		for _, cut := range []struct{ first, rows int64 }{{0, 1}, {5, 3}, {7, 100}, {139, 1}} {
			if !slices.Equal(outputs(cut.first, cut.rows), all[cut.first*96:(cut.first+cut.rows)*96]) {
				t.Errorf("%s: rows %d to %d differ alone", set, cut.first, cut.first+cut.rows-1)
			}
		}
	}
}

// Inputs of any shape give outputs of the same, and gradients are libtorch's.
func TestOwnLinearsGradients(t *testing.T) {
	for _, size := range []struct{ rows, in, out int64 }{{3, 16, 32}, {4, 48, 17}, {130, 784, 40}, {900, 64, 96}} {
		p := NewParams(gotch.CPU, true)
		defer p.Drop()
		l, x := NewLinear(p, "l", size.in, size.out), p.New("x", Normal(1), 2, size.rows/2, size.in)
		pass := func(apply func(*Scope) *ts.Tensor) [][]float32 {
			s := Training(gotch.CPU)
			defer s.Close()
			y := apply(s)
			s.Backward(s.Sum(s.Flatten(s.Mul(y, s.GELU(y)), 0), 0)) // any function of the output
			shape, err := y.Size()
			if err != nil || !slices.Equal(shape, []int64{2, size.rows / 2, size.out}) {
				t.Fatalf("outputs of shape %v; %v", shape, err)
			}
			results := [][]float32{s.ReadFloat32(y)}
			for _, param := range p.All() {
				results = append(results, s.ReadFloat32(s.gradient(param.Tensor)))
				s.Fail(zeroGrad([]*ts.Tensor{param.Tensor}))
			}
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			return results
		}
		want := pass(func(s *Scope) *ts.Tensor {
			return s.run("linear", func() (*ts.Tensor, error) { return ts.Linear(x, l.Weight, l.Bias) }, x)
		})
		for _, set := range suited() {
			got := pass(func(s *Scope) *ts.Tensor { return s.ownLinearsWith(set, x, l)[0] })
			for i, name := range []string{"outputs", "gradient of the weights", "gradient of the bias", "gradient of the inputs"} {
				if d := goldentest.Compare(got[i], want[i]); !(d.Relative <= goldentest.Rounding) {
					t.Errorf("%v, %s: %s differ by %g", size, set, name, d.Relative)
				}
			}
		}
	}
}

// Frozen parameters get no gradient, and inputs that don't learn neither.
func TestOwnLinearsOfFrozenParameters(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	l := NewLinear(p, "l", 16, 32)
	if err := requireGrad(l.Weight, false); err != nil {
		t.Fatal(err)
	}
	for _, set := range suited() {
		s := Training(gotch.CPU)
		x := s.Float32s(waves(32), 2, 16)
		s.Backward(s.Sum(s.Flatten(s.ownLinearsWith(set, x, l)[0], 0), 0))
		if s.gradient(l.Weight) != nil || s.gradient(x) != nil || s.gradient(l.Bias) == nil {
			t.Errorf("%s: gradients of what is frozen, or none of the bias", set)
		}
		s.Fail(zeroGrad([]*ts.Tensor{l.Bias}))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What has no bias, no input or no weights is libtorch's, as is autocast.
func TestOwnLinearsLeaveToLibtorch(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	l := NewLinear(p, "l", 16, 32)
	s := Inference(gotch.CPU)
	x := s.Float32s(waves(32), 2, 16)
	if s.ownLinears(x, Linear{Weight: l.Weight}) != nil || s.ownLinears(nil, l) != nil || s.ownLinears(x, l, Linear{}) != nil {
		t.Error("taken without a bias, an input or weights")
	}
	s.Autocast()
	if s.ownLinears(x, l) != nil {
		t.Error("taken in bfloat16")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Attention is the same with each instruction set's products and with BLAS's.
func TestAttentionOfInstructionSets(t *testing.T) {
	for _, test := range []struct {
		lengths    []int64
		heads, dim int64
	}{{[]int64{1}, 1, 16}, {[]int64{300, 3, 128}, 2, 128}, {[]int64{17, 130}, 3, 96}} {
		p := NewParams(gotch.CPU, true)
		defer p.Drop()
		var tokens int64
		for _, length := range test.lengths {
			tokens += length
		}
		q, k, v := p.New("q", Normal(1), tokens, test.dim), p.New("k", Normal(1), tokens, test.dim), p.New("v", Normal(1), tokens, test.dim)
		pass := func(set isa) [][]float32 {
			s := Training(gotch.CPU)
			defer s.Close()
			y := s.sequenceAttentionWith(set, q, k, v, test.lengths, test.heads, 0)
			s.Backward(s.Sum(s.Flatten(s.Mul(y, s.GELU(y)), 0), 0))
			results := [][]float32{s.ReadFloat32(y)}
			for _, x := range []*ts.Tensor{q, k, v} {
				results = append(results, s.ReadFloat32(s.gradient(x)))
			}
			s.Fail(zeroGrad([]*ts.Tensor{q, k, v}))
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			return results
		}
		want := pass(portableISA)
		for _, set := range suited() {
			for i, got := range pass(set) {
				if d := goldentest.Compare(got, want[i]); !(d.Max <= 1e-5) {
					t.Errorf("%v, %s: result %d differs by %g", test.lengths, set, i, d.Max)
				}
			}
		}
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
