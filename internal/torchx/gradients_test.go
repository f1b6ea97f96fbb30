package torchx

import (
	"math"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// Gradients that are taken and given back are what they were, or add up with newer ones;
// a parameter without one gets none.
func TestTakenGradients(t *testing.T) {
	params := NewParams(gotch.CPU, true)
	defer params.Drop()
	x, y, z := params.New("x", Ones, 2), params.New("y", Ones, 1), params.New("z", Ones, 1)
	list := []*ts.Tensor{x, y, z}
	backward := func(p *ts.Tensor, factor float64) {
		s := Training(gotch.CPU)
		s.Backward(s.Scale(s.Sum(p, 0), factor))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...[]float32) {
		t.Helper()
		s := Inference(gotch.CPU)
		for i, p := range list {
			var got []float32
			if g := s.gradient(p); g != nil {
				got = s.ReadFloat32(g)
			}
			if len(got) != len(want[i]) || len(got) > 0 && got[0] != want[i][0] {
				t.Errorf("gradient of parameter %d is %v, want %v", i, got, want[i])
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	backward(x, 3)
	if norm, err := GradNorm(list); err != nil || math.Abs(norm-math.Sqrt(18)) > 1e-6 {
		t.Errorf("norm %v, %v", norm, err)
	}
	taken, err := TakeGradients(list)
	if err != nil {
		t.Fatal(err)
	}
	expect(nil, nil, nil)
	backward(x, 2)
	backward(y, 5)
	if err := taken.AddTo(list); err != nil {
		t.Fatal(err)
	}
	expect([]float32{5, 5}, []float32{5}, nil)
	if taken, err = TakeGradients(list); err != nil {
		t.Fatal(err)
	}
	backward(z, 1)
	if err := taken.AddTo(list); err != nil {
		t.Fatal(err)
	}
	expect([]float32{5, 5}, []float32{5}, []float32{1})
	if norm, err := ClipGradNorm(list[:1], 1); err != nil || math.Abs(norm-math.Sqrt(50)) > 1e-6 {
		t.Errorf("norm %v, %v", norm, err)
	}
	if norm, err := GradNorm(list[:1]); err != nil || math.Abs(norm-1) > 1e-6 {
		t.Errorf("norm of the clipped gradient %v, %v", norm, err)
	}
}
