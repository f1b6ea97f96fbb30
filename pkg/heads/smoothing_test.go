package heads_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// smoothingOfGoldens is that of scripts/golden/knobs.py.
const smoothingOfGoldens = 0.15

// smoothed makes a head of 5 labels with smoothed targets.
func smoothed(t *testing.T, kind tasks.Kind, weights []float32, smoothing float64) heads.Head {
	t.Helper()
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	h, err := heads.New(p, tasks.Task{Kind: kind, Pooling: tasks.CLSPooling, Heads: headsOf(5)}, dim, 0)
	if err == nil {
		err = h.SetClassWeights([][]float32{weights})
	}
	if err == nil {
		err = h.SetLabelSmoothing(smoothing)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSmoothedLossesEqualPyTorch(t *testing.T) {
	golden := goldentest.Open(t, "testdata/smoothing.safetensors")
	for name, kind := range map[string]tasks.Kind{"token_plain": tasks.Token, "token_weighted": tasks.Token, "class_plain": tasks.MultiClass, "class_weighted": tasks.MultiClass} {
		at := func(part string) string { return name + "/" + part }
		var weights []float32
		if golden.Has(at("weight")) {
			weights = golden.Float32s(at("weight"))
		}
		h, classes := smoothed(t, kind, weights, smoothingOfGoldens), golden.Int64s(at("target"))
		for _, denominator := range []float64{0, h.Denominator(0, classes)} {
			p := torchx.NewParams(gotch.CPU, true)
			logits := p.New("logits", torchx.Zeros, golden.Shape(at("logits"))...)
			s := torchx.Training(gotch.CPU)
			// A parameter, so that it has a gradient, moved to the golden's values.
			x := s.Add(logits, s.Float32s(golden.Float32s(at("logits")), golden.Shape(at("logits"))...))
			loss := h.Loss(s, []*ts.Tensor{x}, []heads.Target{{Values: s.Int64s(classes, int64(len(classes))), Denominator: denominator}})
			s.Backward(loss)
			if got, want := s.Value(loss), float64(golden.Float32s(at("loss"))[0]); !(math.Abs(got-want) <= goldentest.Rounding*want) {
				t.Errorf("%s: loss %v, want %v", name, got, want)
			}
			g, err := logits.Grad(false)
			if err != nil {
				t.Fatal(err)
			}
			if d := goldentest.Compare(s.ReadFloat32(g), golden.Float32s(at("grad"))); !(d.Relative <= goldentest.Rounding) {
				t.Errorf("%s: gradient differs by %.1e", name, d.Max)
			}
			g.MustDrop()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			p.Drop()
		}
	}
}

// Yes and no are never smoothed.
func TestFlagsAreNotSmoothed(t *testing.T) {
	var losses []float64
	for _, smoothing := range []float64{0, 0.5} {
		h := smoothed(t, tasks.MultiLabel, nil, smoothing)
		s := torchx.Inference(gotch.CPU)
		loss := h.Loss(s, []*ts.Tensor{s.Float32s([]float32{1, -2, 3, 0, 1}, 1, 5)}, []heads.Target{{Values: s.Float32s([]float32{1, 0, 0, 1, 1}, 1, 5)}})
		losses = append(losses, s.Value(loss))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if losses[0] != losses[1] || losses[0] == 0 {
		t.Errorf("losses %v, want the same", losses)
	}
}

func TestWrongSmoothingIsRefused(t *testing.T) {
	h := smoothed(t, tasks.Token, nil, 0)
	for _, wrong := range []float64{-0.1, 1, math.NaN()} {
		if err := h.SetLabelSmoothing(wrong); err == nil || !strings.Contains(err.Error(), "want a number from 0 up to 1") {
			t.Errorf("%v: error %v", wrong, err)
		}
	}
}
