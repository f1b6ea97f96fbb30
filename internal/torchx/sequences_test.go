package torchx_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
)

func TestAttentionIsTheFormula(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	// One head of width 4, so scores are q·k/2. The second sequence's key mustn't count in the first.
	x := func(values ...float32) *ts.Tensor { return s.Float32s(values, 3, 4) }
	q := x(2, 0, 0, 0, 0, 0, 0, 0, 5, 5, 5, 5)
	k := x(1, 0, 0, 0, 0, 1, 0, 0, 9, 9, 9, 9)
	v := x(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
	got := s.ReadFloat32(s.SequenceAttention(q, k, v, []int64{2, 1}, 1, 0.5)) // no dropout in inference
	w := float32(math.E / (math.E + 1))
	want := []float32{w, 1 - w, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 1, 0}
	if d := goldentest.Compare(got, want); d.Relative > goldentest.Rounding {
		t.Errorf("attention = %v, want %v", got, want)
	}
}

// randomRows are q, k and v of the given lengths, as parameters.
func randomRows(t *testing.T, rng *rand.Rand, tokens, dim int64) (p torchx.Params, q, k, v *ts.Tensor) {
	t.Helper()
	p = torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	if err := torchx.Seed(rng.Uint64()); err != nil {
		t.Fatal(err)
	}
	q, k, v = p.New("q", torchx.Normal(1), tokens, dim), p.New("k", torchx.Normal(1), tokens, dim), p.New("v", torchx.Normal(1), tokens, dim)
	return p, q, k, v
}

// attentionByHand is the same from single operations of libtorch, a sequence
// and a head at a time.
func attentionByHand(s *torchx.Scope, q, k, v *ts.Tensor, lengths []int64, heads, dim int64) []*ts.Tensor {
	var parts []*ts.Tensor
	width := dim / heads
	var start int64
	for _, length := range lengths {
		for h := range heads {
			cut := func(x *ts.Tensor) *ts.Tensor { return s.Narrow(s.Narrow(x, 0, start, length), 1, h*width, width) }
			scores := s.Scale(s.Linear(cut(q), torchx.Linear{Weight: cut(k)}), 1/math.Sqrt(float64(width)))
			weights := s.Softmax(scores, -1)
			parts = append(parts, s.Linear(weights, torchx.Linear{Weight: s.Transpose(cut(v), 0, 1)}))
		}
		start += length
	}
	return parts
}

func grads(t *testing.T, s *torchx.Scope, p torchx.Params) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{}
	for _, param := range p.All() {
		g, err := param.Tensor.Grad(false)
		if err != nil {
			t.Fatal(err)
		}
		all[param.Name] = s.ReadFloat32(g)
		g.MustDrop()
	}
	return all
}

// Lengths around the kernel's block of 128 queries, widths that no vector fits.
func TestAttentionEqualsLibtorchs(t *testing.T) {
	for _, test := range []struct {
		lengths    []int64
		heads, dim int64
	}{
		{[]int64{1}, 1, 1},
		{[]int64{2, 1, 5}, 2, 6},
		{[]int64{127, 128, 129}, 2, 16},
		{[]int64{300, 3}, 3, 21},
		{[]int64{130, 17}, 2, 52}, // heads of 26, as in a TinyBERT of 312
		{[]int64{200, 1}, 2, 64},  // of 32, as in MiniLM
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		var tokens int64
		for _, length := range test.lengths {
			tokens += length
		}
		p, q, k, v := randomRows(t, rng, tokens, test.dim)
		optimizer, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: p.All(), Rate: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer optimizer.Drop()
		run := func(ours bool) (out []float32, gradients map[string][]float32) {
			if err := optimizer.ZeroGrad(); err != nil {
				t.Fatal(err)
			}
			s := torchx.Training(gotch.CPU)
			defer s.Close()
			var loss *ts.Tensor // any function of the output will do
			if ours {
				x := s.SequenceAttention(q, k, v, test.lengths, test.heads, 0)
				out, loss = s.ReadFloat32(s.Sum(x, 1)), s.Sum(s.Flatten(s.Mul(x, s.GELU(x)), 0), 0)
			} else {
				for i, x := range attentionByHand(s, q, k, v, test.lengths, test.heads, test.dim) {
					out = addHead(out, s.ReadFloat32(s.Sum(x, 1)), int64(i)%test.heads == 0)
					part := s.Sum(s.Flatten(s.Mul(x, s.GELU(x)), 0), 0)
					if loss == nil {
						loss = part
					} else {
						loss = s.Add(loss, part)
					}
				}
			}
			s.Backward(loss)
			gradients = grads(t, s, p)
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			return out, gradients
		}
		want, wantGrads := run(false)
		got, gotGrads := run(true)
		if d := goldentest.Compare(got, want); d.Max > 1e-5 {
			t.Errorf("%v × %d heads: output differs by %.1e", test.lengths, test.heads, d.Max)
		}
		for name := range wantGrads {
			if d := goldentest.Compare(gotGrads[name], wantGrads[name]); d.Max > 2e-5 {
				t.Errorf("%v × %d heads: gradient of %s differs by %.1e", test.lengths, test.heads, name, d.Max)
			}
		}
	}
}

// addHead adds a head's row sums to those of the sequence's heads before it, or
// begins a sequence.
func addHead(sums, rows []float32, begins bool) []float32 {
	if begins {
		return append(sums, rows...)
	}
	for i, x := range rows {
		sums[len(sums)-len(rows)+i] += x
	}
	return sums
}

// With dropout p each weight is 0 or 1/(1-p) of what it was, with the
// expected value unchanged.
func TestAttentionDropout(t *testing.T) {
	const n, p = 4096, 0.25
	if err := torchx.Seed(1); err != nil {
		t.Fatal(err)
	}
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	zeros, values, lengths := make([]float32, 2*n), make([]float32, 2*n), make([]int64, n)
	for i := range n { // n sequences of two keys of the same weight
		values[2*i], values[2*i+1], lengths[i] = 1, 10, 2
	}
	x, v := s.Float32s(zeros, 2*n, 1), s.Float32s(values, 2*n, 1)
	counts := map[float64]int{}
	for _, y := range s.ReadFloat32(s.SequenceAttention(x, x, v, lengths, 1, p)) {
		counts[math.Round(float64(y)*(1-p)*2*1000)/1000]++ // of 1 and 10, what was left
	}
	for kept, share := range map[float64]float64{0: p * p, 1: p * (1 - p), 10: p * (1 - p), 11: (1 - p) * (1 - p)} {
		if got := float64(counts[kept]) / (2 * n); math.Abs(got-share) > 0.02 {
			t.Errorf("values %v kept with frequency %.3f, want %.3f (all: %v)", kept, got, share, counts)
		}
	}
	if len(counts) != 4 {
		t.Errorf("values %v, want 0, 1, 10 and 11", counts)
	}
}

// The backward pass must draw the forward pass's mask again: the gradient is
// that of the function that the forward pass computed.
func TestDroppedAttentionHasItsOwnGradient(t *testing.T) {
	lengths := []int64{7, 130}
	p, q, k, v := randomRows(t, rand.New(rand.NewPCG(3, 4)), 137, 8)
	value := func(backward bool) float64 {
		if err := torchx.Seed(9); err != nil {
			t.Fatal(err)
		}
		s := torchx.Training(gotch.CPU)
		defer s.Close()
		x := s.SequenceAttention(q, k, v, lengths, 2, 0.3)
		loss := s.Sum(s.Flatten(s.Mul(x, x), 0), 0)
		if backward {
			s.Backward(loss)
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		return s.Value(loss)
	}
	value(true)
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	for _, param := range p.All() {
		g := grads(t, s, p)[param.Name]
		before := s.ReadFloat32(param.Tensor)
		var slope float64 // along the gradient
		moved := func(step float32) []byte {
			x := make([]float32, len(before))
			for i := range x {
				x[i] = before[i] + step*g[i]
			}
			tensor := s.Float32s(x, 137, 8)
			data, err := torchx.Bytes(tensor)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		for _, x := range g {
			slope += float64(x) * float64(x)
		}
		const step = 1e-2
		var values [2]float64
		for i, sign := range []float32{1, -1} {
			if err := torchx.SetBytes(param.Tensor, moved(sign*step), gotch.Float, []int64{137, 8}); err != nil {
				t.Fatal(err)
			}
			values[i] = value(false)
		}
		if err := torchx.SetBytes(param.Tensor, moved(0), gotch.Float, []int64{137, 8}); err != nil {
			t.Fatal(err)
		}
		if got := (values[0] - values[1]) / (2 * step); math.Abs(got-slope) > 0.02*slope+1e-3 {
			t.Errorf("%s: along its gradient the value grows by %.4f, want %.4f", param.Name, got, slope)
		}
	}
}

func TestUnpack(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	rows := s.Float32s([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	got := s.ReadFloat32(s.Unpack(rows, []int64{1, 2}, 3))
	want := []float32{1, 2, 0, 0, 0, 0, 3, 4, 5, 6, 0, 0}
	if d := goldentest.Compare(got, want); d.Max > 0 {
		t.Errorf("got %v, want %v", got, want)
	}
	whole := s.ReadFloat32(s.Unpack(rows, []int64{3}, 3))
	if d := goldentest.Compare(whole, []float32{1, 2, 3, 4, 5, 6}); d.Max > 0 {
		t.Errorf("got %v", whole)
	}
}
