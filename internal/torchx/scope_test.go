package torchx_test

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// live counts gotch's tensors that haven't been freed.
func live() int { return len(ts.ExistingTensors) }

func TestCloseFreesAllButKept(t *testing.T) {
	before := live()
	s := torchx.Inference(gotch.CPU)
	x := s.Float32s([]float32{1, 2, 3}, 3)
	kept := s.Keep(s.Add(x, x))
	s.Mul(kept, x)
	if got := live() - before; got != 3 {
		t.Errorf("%d live tensors before Close, want 3", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := live() - before; got != 1 {
		t.Errorf("%d live tensors after Close, want the kept one", got)
	}
	s = torchx.Inference(gotch.CPU)
	if got := s.ReadFloat32(kept); got[2] != 6 {
		t.Errorf("kept = %v, want [2 4 6]", got)
	}
	if err := errors.Join(s.Close(), kept.Drop()); err != nil {
		t.Fatal(err)
	}
}

func TestBlockFreesWhatItMade(t *testing.T) {
	before := live()
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	x := s.Float32s([]float32{1, 2}, 2)
	y := s.Block(func() *ts.Tensor { return s.Add(s.Mul(x, x), s.Sigmoid(x)) })
	if got := live() - before; got != 2 {
		t.Errorf("%d live tensors after a block, want its input and its result", got)
	}
	if same := s.Block(func() *ts.Tensor { return y }); same != y || live()-before != 2 {
		t.Error("a block that makes nothing changed something")
	}
	s.Block(func() *ts.Tensor { return s.Keep(y) })
	kept := s.Scale(y, 2)
	if got := s.ReadFloat32(kept); math.Abs(float64(got[0])-2*(1+0.7310586)) > 1e-6 {
		t.Errorf("result %v", got)
	}
	if err := y.Drop(); err != nil {
		t.Error(err)
	}
}

func TestBackwardNeedsNoHandles(t *testing.T) {
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	w := p.New("w", torchx.Ones, 3)
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	loss := s.Block(func() *ts.Tensor {
		x := s.Float32s([]float32{1, 2, 3}, 3)
		return s.Sum(s.Mul(s.Mul(w, w), x), 0) // Σ x·w²
	})
	s.Backward(loss)
	if got := grad(t, w); got[0] != 2 || got[1] != 4 || got[2] != 6 {
		t.Errorf("gradient %v, want 2·x·w = [2 4 6]", got)
	}
}

func TestFirstErrorSticks(t *testing.T) {
	before := live()
	s := torchx.Inference(gotch.CPU)
	a := s.Float32s(make([]float32, 6), 2, 3)
	b := s.Float32s(make([]float32, 4), 4)
	sum := s.Add(a, b)
	if sum != nil {
		t.Error("a result beside the error")
	}
	if s.Softmax(sum, 0) != nil || s.ReadFloat32(sum) != nil || s.Value(sum) != 0 || s.Int64s(nil, 0) != nil {
		t.Error("operations go on after an error")
	}
	s.Backward(sum)
	s.Fail(errors.New("second"))
	s.Autocast()
	err := s.Close()
	const want = "add of [2, 3], [4]: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"
	if err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if got := live(); got != before {
		t.Errorf("%d tensors left after an error", got-before)
	}
}

func TestErrorsNameTheOperation(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(s *torchx.Scope)
		want string
	}{
		"wrong count":       {func(s *torchx.Scope) { s.Int64s([]int64{1, 2, 3}, 2, 2) }, "copy to the device of no tensor: 3 elements don't fill shape [2 2]"},
		"missing tensor":    {func(s *torchx.Scope) { s.GELU(nil) }, "gelu of nil: a tensor is missing"},
		"read nothing":      {func(s *torchx.Scope) { s.ReadInt64(nil) }, "read tensor: it is missing"},
		"no loss":           {func(s *torchx.Scope) { s.Backward(nil) }, "backward pass: there is no loss"},
		"loss not a scalar": {func(s *torchx.Scope) { s.Backward(s.Float32s([]float32{1, 2}, 2)) }, "backward pass: "},
		"target out of range": {func(s *torchx.Scope) {
			s.CrossEntropy(s.Float32s([]float32{1, 2}, 1, 2), s.Int64s([]int64{2}, 1), nil, -100, 0, torchx.ReduceMean)
		}, "cross-entropy of [1, 2], [1]: Target 2 is out of bounds"},
		"attention": {func(s *torchx.Scope) {
			q, k := s.Float32s(make([]float32, 4), 2, 2), s.Float32s(make([]float32, 6), 2, 3)
			s.SequenceAttention(q, k, k, []int64{2}, 1, 0)
		}, "attention of [2, 2], [2, 3], [2, 3]: q, k and v want one shape"},
		"attention over too few": {func(s *torchx.Scope) {
			q := s.Float32s(make([]float32, 4), 2, 2)
			s.SequenceAttention(q, q, q, []int64{1}, 1, 0)
		}, "attention of [2, 2], [2, 2], [2, 2]: the sequences have 1 tokens, the matrix 2"},
		"attention of no width": {func(s *torchx.Scope) {
			q := s.Float32s(make([]float32, 4), 2, 2)
			s.SequenceAttention(q, q, q, []int64{2}, 3, 0)
		}, "attention of [2, 2], [2, 2], [2, 2]: 2 dimensions aren't a multiple of 3 heads"},
	} {
		s := torchx.Training(gotch.CPU)
		tc.do(s)
		if err := s.Close(); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: error %q, want %q", name, err, tc.want)
		}
	}
}

func TestInferenceRecordsNothing(t *testing.T) {
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	w := p.New("w", torchx.Ones, 2)
	outer := torchx.Training(gotch.CPU)
	defer outer.Close()
	inner := torchx.Inference(gotch.CPU)
	frozen := inner.Keep(inner.Mul(w, w))
	if err := inner.Close(); err != nil {
		t.Fatal(err)
	}
	if frozen.MustRequiresGrad() {
		t.Error("an inference scope records gradients")
	}
	if recorded := outer.Mul(w, w); !recorded.MustRequiresGrad() {
		t.Error("the outer training scope records none after the inner one")
	}
	if err := frozen.Drop(); err != nil {
		t.Error(err)
	}
}

// A matrix product shows which type it ran in: bfloat16 keeps 8 bits.
func TestAutocastEndsWithItsScope(t *testing.T) {
	layer := torchx.NewParams(gotch.CPU, true)
	defer layer.Drop()
	weight := layer.New("w", torchx.Ones, 1, 1)
	low := func(s *torchx.Scope) bool {
		x := s.Float32s([]float32{1 + 1.0/1024}, 1, 1)
		return s.Value(s.Linear(x, torchx.Linear{Weight: weight})) == 1
	}
	outer := torchx.Training(gotch.CPU)
	if low(outer) {
		t.Error("autocast without being asked for")
	}
	outer.Autocast()
	if !low(outer) {
		t.Error("no autocast")
	}
	inner := torchx.Training(gotch.CPU)
	inner.Autocast()
	if err := inner.Close(); err != nil {
		t.Error(err)
	}
	if !low(outer) {
		t.Error("closing the inner scope ended the outer's autocast")
	}
	if err := outer.Close(); err != nil {
		t.Error(err)
	}
	after := torchx.Training(gotch.CPU)
	defer after.Close()
	if low(after) {
		t.Error("autocast outlived its scope")
	}
}

// Under autocast parameters, their gradients and losses stay in float32.
func TestAutocastKeepsParametersInFloat32(t *testing.T) {
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	layer := torchx.NewLinear(p, "l", 8, 4)
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	s.Autocast()
	logits := s.Linear(s.Float32s(make([]float32, 16), 2, 8), layer)
	loss := s.CrossEntropy(logits, s.Int64s([]int64{1, 3}, 2), nil, -100, 0, torchx.ReduceMean)
	s.Backward(loss)
	if logits.DType() != gotch.BFloat16 || loss.DType() != gotch.Float {
		t.Errorf("logits are %v, the loss %v; want BFloat16 and Float", logits.DType(), loss.DType())
	}
	g := layer.Weight.MustGrad(false)
	defer g.MustDrop()
	if got := g.DType(); got != gotch.Float {
		t.Errorf("the weight's gradient is %v", got)
	}
}

// As in PyTorch, what ran in float32 forward runs so backward.
func TestBackwardRunsWithoutAutocast(t *testing.T) {
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	layer := torchx.Linear{Weight: p.New("w", torchx.Ones, 1, 1)}
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	const x = 1 + 1.0/1024
	out := s.Linear(s.Float32s([]float32{x}, 1, 1), layer)
	s.Autocast()
	s.Backward(s.Sum(s.Flatten(out, 0), 0))
	if got := grad(t, layer.Weight); got[0] != x {
		t.Errorf("gradient %v, want %v", got[0], x)
	}
}

// Memory, not only handles, must return: keeping one of a round's tensors would
// show as 250 MB.
func TestScopesFreeMemory(t *testing.T) {
	data := make([]float32, 1<<17) // 512 kB
	round := func() {
		s := torchx.Training(gotch.CPU)
		x := s.Float32s(data, int64(len(data)))
		s.Mul(s.Add(x, x), x)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	round()
	before := residentMB(t)
	for range 500 {
		round()
	}
	runtime.GC()
	if grown := residentMB(t) - before; grown > 100 {
		t.Errorf("500 rounds grew the process by %d MB", grown)
	}
}
