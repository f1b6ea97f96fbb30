package heads_test

import (
	"math"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/heads"
)

func TestHiddenLossEqualsPyTorch(t *testing.T) {
	file := goldentest.Open(t, "testdata/distill.safetensors")
	for _, tc := range []struct {
		name   string
		masked bool
	}{{"hidden", true}, {"hidden_all", true}, {"hidden_all", false}} {
		s := torchx.Training(gotch.CPU)
		floats := func(name string) *ts.Tensor {
			return s.Float32s(file.Float32s(tc.name+"/"+name), file.Shape(tc.name+"/"+name)...)
		}
		student, teacher := learnable(t, floats("student")), learnable(t, floats("teacher"))
		var mask *ts.Tensor
		if tc.masked {
			mask = s.Bools(file.Bools(tc.name+"/mask"), file.Shape(tc.name+"/mask")...)
		}
		loss := heads.HiddenLoss(s, student, teacher, mask)
		s.Backward(loss)
		if d := goldentest.Compare(s.ReadFloat32(loss), file.Float32s(tc.name+"/loss")); d.Relative > goldentest.Rounding {
			t.Errorf("%s: loss differs by %.1e", tc.name, d.Max)
		}
		if d := goldentest.Compare(gradient(t, s, student), file.Float32s(tc.name+"/student.grad")); d.Relative > goldentest.Rounding {
			t.Errorf("%s: gradient differs by %.1e", tc.name, d.Max)
		}
		if grad(t, teacher).MustDefined() {
			t.Errorf("%s: the teacher has a gradient", tc.name)
		}
		closeScope(t, s)
	}
}

// Only the direction counts; of bfloat16 too the loss is computed in float32.
func TestHiddenLossOfKnownAngles(t *testing.T) {
	s := torchx.Training(gotch.CPU)
	defer closeScope(t, s)
	state := func(x, y float32) *ts.Tensor {
		half, err := s.Float32s([]float32{x, y}, 1, 1, 2).Totype(gotch.BFloat16, false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(half.MustDrop)
		return half
	}
	for _, tc := range []struct {
		student, teacher *ts.Tensor
		want             float64
	}{
		{state(15, 14), state(30, 28), 0}, // 15² + 14² has no bfloat16
		{state(1, 0), state(0, 5), 1},
		{state(1, 0), state(-2, 0), 2},
		{state(1, 1), state(1, 0), 1 - math.Sqrt2/2},
	} {
		loss := heads.HiddenLoss(s, tc.student, tc.teacher, nil)
		if got := s.Value(loss); math.Abs(got-tc.want) > 1e-6 || loss.DType() != gotch.Float {
			t.Errorf("loss %v (%v), want %v", got, loss.DType(), tc.want)
		}
	}
}

func TestHiddenLossRefusesOtherShapes(t *testing.T) {
	s := torchx.Training(gotch.CPU)
	heads.HiddenLoss(s, s.Float32s(make([]float32, 12), 1, 3, 4), s.Float32s(make([]float32, 4), 1, 1, 4), nil)
	const want = "cosine loss of [3, 4], [1, 4], [1]: the shapes differ"
	if err := s.Close(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}
