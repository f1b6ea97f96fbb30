package torchx_test

import (
	"math"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
)

func TestCrossEntropyLeavesOutIgnored(t *testing.T) {
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	logits := s.Float32s([]float32{0, 0, 5, -5, 1, 2}, 3, 2)
	got := s.Value(s.CrossEntropy(logits, s.Int64s([]int64{0, -1, -1}, 3), nil, -1, 0, torchx.ReduceMean))
	if math.Abs(got-math.Ln2) > 1e-6 {
		t.Errorf("loss %v, want ln 2 of the one row", got)
	}
	if none := s.Value(s.CrossEntropy(logits, s.Int64s([]int64{-1, -1, -1}, 3), nil, -1, 0, torchx.ReduceMean)); !math.IsNaN(none) {
		t.Errorf("loss of nothing is %v; the documentation says NaN", none)
	}
}

func TestLossesAreTheFormulas(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	zeros := s.Float32s(make([]float32, 4), 2, 2)
	ln2 := float32(math.Ln2)
	for name, tc := range map[string]struct {
		got, want []float32
	}{
		// (1·ln 2 + 3·ln(1 + e⁻¹)) / (1 + 3)
		"weighted cross-entropy": {
			s.ReadFloat32(s.CrossEntropy(s.Float32s([]float32{0, 0, 0, 1}, 2, 2), s.Int64s([]int64{0, 1}, 2), s.Float32s([]float32{1, 3}, 2), -1, 0, torchx.ReduceMean)),
			[]float32{float32((math.Ln2 + 3*math.Log1p(math.Exp(-1))) / 4)},
		},
		// The mean over four elements of ln 2 times the element's weight, times 5 where target = 1 in the second output.
		"weighted binary cross-entropy": {
			s.ReadFloat32(s.BCEWithLogits(zeros, s.Float32s([]float32{1, 1, 0, 0}, 2, 2),
				s.Float32s([]float32{1, 1, 0, 2}, 2, 2), s.Float32s([]float32{1, 5}, 2), torchx.ReduceMean)),
			[]float32{ln2 * (1 + 5 + 0 + 2) / 4},
		},
		"divergence": {
			s.ReadFloat32(s.KLDiv(s.Float32s([]float32{-ln2, -ln2}, 2), s.Float32s([]float32{0, -200}, 2))),
			[]float32{ln2, 0},
		},
		"cosine": {
			s.ReadFloat32(s.CosineLosses(s.Float32s([]float32{1, 0, 0, 2, 3, 4}, 3, 2), s.Float32s([]float32{1, 0, 3, 0, -6, -8}, 3, 2))),
			[]float32{0, 1, 2},
		},
	} {
		if d := goldentest.Compare(tc.got, tc.want); d.Relative > goldentest.Rounding {
			t.Errorf("%s: %v, want %v", name, tc.got, tc.want)
		}
	}
}

// libtorch would broadcast these without a word.
func TestLossesRefuseOtherShapes(t *testing.T) {
	for want, loss := range map[string]func(s *torchx.Scope){
		"binary cross-entropy of [2, 2], [1, 2]: the shapes differ": func(s *torchx.Scope) {
			s.BCEWithLogits(s.Float32s(make([]float32, 4), 2, 2), s.Float32s(make([]float32, 2), 1, 2), nil, nil, torchx.ReduceMean)
		},
		"kl divergence of [2, 2], [2, 1]: the shapes differ": func(s *torchx.Scope) {
			s.KLDiv(s.Float32s(make([]float32, 4), 2, 2), s.Float32s(make([]float32, 2), 2, 1))
		},
		"cosine loss of [2, 2], [1, 2], [1]: the shapes differ": func(s *torchx.Scope) {
			s.CosineLosses(s.Float32s(make([]float32, 4), 2, 2), s.Float32s(make([]float32, 2), 1, 2))
		},
		"shape: the tensor is missing": func(s *torchx.Scope) { s.Shape(nil) },
	} {
		s := torchx.Inference(gotch.CPU)
		loss(s)
		if err := s.Close(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
