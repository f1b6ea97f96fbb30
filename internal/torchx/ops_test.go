package torchx_test

import (
	"math"
	"slices"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
)

func TestDropout(t *testing.T) {
	const n, p = 10000, 0.1
	ones := slices.Repeat([]float32{1}, n)
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	draw := func(seed uint64) []float32 {
		if err := torchx.Seed(seed); err != nil {
			t.Fatal(err)
		}
		return s.ReadFloat32(s.Dropout(s.Float32s(ones, n), p))
	}
	first, zeros := draw(1), 0
	for _, x := range first {
		switch {
		case x == 0:
			zeros++
		case math.Abs(float64(x)-1/(1-p)) > 2e-5: // p is taken in steps of 1/65536
			t.Fatalf("a kept element is %v, want %v", x, 1/(1-p))
		}
	}
	if zeros < 900 || zeros > 1100 {
		t.Errorf("%d of %d dropped, want about %v", zeros, n, p*n)
	}
	if !slices.Equal(first, draw(1)) {
		t.Error("the same seed drops other elements")
	}
	if slices.Equal(first, draw(2)) {
		t.Error("another seed drops the same elements")
	}
	inference := torchx.Inference(gotch.CPU)
	defer inference.Close()
	x := inference.Float32s(ones, n)
	if inference.Dropout(x, p) != x || s.Dropout(x, 0) != x {
		t.Error("dropout that does nothing makes a new tensor")
	}
}

func TestShapes(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	x := s.Float32s([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 3, 2)
	for name, tc := range map[string]struct {
		got, want []int64
	}{
		"Rows":      {s.Rows(x).MustSize(), []int64{6, 2}},
		"Flatten":   {s.Flatten(x, 1).MustSize(), []int64{2, 6}},
		"Transpose": {s.Transpose(x, 1, 2).MustSize(), []int64{2, 2, 3}},
		"Unsqueeze": {s.Unsqueeze(x, 1).MustSize(), []int64{2, 1, 3, 2}},
		"Select":    {s.Select(x, 1, 2).MustSize(), []int64{2, 2}},
		"Narrow":    {s.Narrow(x, 1, 1, 2).MustSize(), []int64{2, 2, 2}},
		"Take":      {s.Take(x, 1, s.Int64s([]int64{2, 0, 2, 1}, 4)).MustSize(), []int64{2, 4, 2}},
		"Shape":     {s.Shape(x), []int64{2, 3, 2}},
		"Sum":       {s.Sum(x, 1).MustSize(), []int64{2, 2}},
		"Argmax":    {s.ReadInt64(s.Argmax(x, 1)), []int64{2, 2, 2, 2}},
		"taken":     {s.ReadInt64(s.Select(s.Take(x, 1, s.Int64s([]int64{2, 0}, 2)), 0, 1)), []int64{10, 11, 6, 7}},
		"elements":  {s.ReadInt64(s.Flatten(s.Transpose(x, 1, 2), 0)), []int64{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}},
	} {
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("%s: %v, want %v", name, tc.got, tc.want)
		}
	}
}

func TestMaskedSoftmax(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	x := s.Float32s([]float32{1, 1, 9}, 1, 3)
	mask := s.Bools([]bool{true, true, false}, 1, 3)
	got := s.ReadFloat32(s.Softmax(s.MaskedFill(x, s.Not(mask), math.Inf(-1)), 1))
	if !slices.Equal(got, []float32{0.5, 0.5, 0}) {
		t.Errorf("softmax = %v, want [0.5 0.5 0]", got)
	}
}

func TestElementwise(t *testing.T) {
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	x := s.Float32s([]float32{-2, 0, 6}, 3)
	ln2 := float32(math.Ln2)
	for name, tc := range map[string]struct {
		got, want []float32
	}{
		"ReLU":  {s.ReadFloat32(s.ReLU(x)), []float32{0, 0, 6}},
		"Div":   {s.ReadFloat32(s.Div(x, s.Float32s([]float32{4}, 1))), []float32{-0.5, 0, 1.5}},
		"Mean":  {s.ReadFloat32(s.Mean(x)), []float32{4.0 / 3}},
		"Float": {s.ReadFloat32(s.Float(s.Bools([]bool{true, false}, 2))), []float32{1, 0}},
		// Where the probability is 0 in float32, its logarithm is finite.
		"LogSigmoid": {s.ReadFloat32(s.LogSigmoid(s.Float32s([]float32{-200, 0, 200}, 3))), []float32{-200, -ln2, 0}},
		"LogSoftmax": {s.ReadFloat32(s.LogSoftmax(s.Float32s([]float32{0, 200, 1, 1}, 2, 2), 1)), []float32{-200, 0, -ln2, -ln2}},
	} {
		if d := goldentest.Compare(tc.got, tc.want); d.Relative > goldentest.Rounding {
			t.Errorf("%s: %v, want %v", name, tc.got, tc.want)
		}
	}
}

func TestDetach(t *testing.T) {
	s := torchx.Training(gotch.CPU)
	defer s.Close()
	x := s.Float32s([]float32{3}, 1)
	if err := x.RequiresGrad_(true); err != nil {
		t.Fatal(err)
	}
	s.Backward(s.Mean(s.Mul(x, s.Detach(x)))) // 9, as x · 3
	if g := grad(t, x); !slices.Equal(g, []float32{3}) {
		t.Errorf("gradient %v, want that of one factor, 3", g)
	}
}
