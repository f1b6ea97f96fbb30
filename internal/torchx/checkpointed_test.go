package torchx_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// deepNet is an embedding under layers with dropout.
type deepNet struct {
	p      torchx.Params
	words  torchx.Embedding
	layers []torchx.Linear
	norms  []torchx.LayerNorm
}

func newDeepNet(t *testing.T) deepNet {
	t.Helper()
	if err := torchx.Seed(7); err != nil {
		t.Fatal(err)
	}
	n := deepNet{p: torchx.NewParams(gotch.CPU, true)}
	t.Cleanup(n.p.Drop)
	n.words = torchx.Embedding{Weight: n.p.New("words", torchx.Normal(1), 9, 8), PadID: -1}
	for i := range 3 {
		n.layers = append(n.layers, torchx.NewLinear(n.p, fmt.Sprintf("layer.%d", i), 8, 8))
		n.norms = append(n.norms, torchx.NewLayerNorm(n.p, fmt.Sprintf("norm.%d", i), 8, 1e-5))
	}
	if err := n.p.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// pass runs both passes and returns the loss, the gradients, and what is drawn afterwards.
func (n deepNet) pass(t *testing.T, checkpointed, autocast bool, used int) (loss float64, gradients map[string][]float32, drawn []float32) {
	t.Helper()
	for _, param := range n.p.All() {
		optimizer, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: []torchx.Param{param}})
		if err == nil {
			err = optimizer.ZeroGrad()
		}
		if err != nil {
			t.Fatal(err)
		}
		optimizer.Drop()
	}
	if err := torchx.Seed(11); err != nil {
		t.Fatal(err)
	}
	s := torchx.Training(gotch.CPU)
	if autocast {
		s.Autocast()
	}
	x := s.Embedding(s.Int64s([]int64{1, 2, 3, 2, 8}, 5), n.words)
	for i := range n.layers {
		layer := func(x *ts.Tensor) *ts.Tensor {
			return s.LayerNorm(s.Add(s.Dropout(s.GELU(s.Linear(x, n.layers[i])), 0.3), s.Linear(x, n.layers[i])), n.norms[i])
		}
		switch {
		case i >= used: // the loss doesn't depend on it
			layer(x)
		case checkpointed && s.Learns(x, n.layers[i].Weight):
			x = s.Checkpointed(x, layer)
		default:
			x = s.Block(func() *ts.Tensor { return layer(x) })
		}
	}
	total := s.Mean(s.Mul(x, s.Dropout(x, 0.5)))
	s.Backward(total)
	loss = s.Value(total)
	drawn = s.ReadFloat32(s.Dropout(s.Float32s(slices.Repeat([]float32{1}, 64), 64), 0.5))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	gradients = map[string][]float32{}
	for _, param := range n.p.All() {
		if g := grad(t, param.Tensor); g != nil {
			gradients[param.Name] = g
		}
	}
	return loss, gradients, drawn
}

// What is computed twice has the gradients of what is kept, to the last bit, and leaves
// the random generator as it would be.
func TestCheckpointedGradientsAreTheSame(t *testing.T) {
	for name, test := range map[string]struct {
		autocast bool
		used     int
		freeze   []string
		want     int // gradients
	}{
		"float32":                 {false, 3, nil, 13},
		"bfloat16":                {true, 3, nil, 13},
		"without the last layer":  {false, 2, nil, 9},
		"frozen words":            {false, 3, []string{"words"}, 12},
		"frozen below":            {false, 3, []string{"words", "layer.0.weight", "layer.0.bias", "norm.0.weight", "norm.0.bias"}, 8},
		"frozen above the words":  {false, 3, []string{"layer.0.weight", "layer.0.bias", "norm.0.weight", "norm.0.bias"}, 9},
		"frozen but for the last": {true, 3, []string{"words", "layer.0.weight", "layer.0.bias", "norm.0.weight", "norm.0.bias", "layer.1.weight", "layer.1.bias", "norm.1.weight", "norm.1.bias"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			n := newDeepNet(t)
			if err := n.p.Freeze(func(name string) bool { return slices.Contains(test.freeze, name) }); err != nil {
				t.Fatal(err)
			}
			if got := len(n.p.Trainable()); got != len(n.p.All())-len(test.freeze) {
				t.Errorf("%d parameters learn", got)
			}
			wantLoss, want, wantDrawn := n.pass(t, false, test.autocast, test.used)
			loss, got, drawn := n.pass(t, true, test.autocast, test.used)
			if loss != wantLoss || len(want) != test.want || len(got) != len(want) {
				t.Fatalf("loss %v, want %v; %d gradients, want %d, %d", loss, wantLoss, len(got), len(want), test.want)
			}
			for name := range want {
				if !slices.Equal(got[name], want[name]) {
					t.Errorf("gradient of %s is %v, want %v", name, got[name], want[name])
				}
			}
			if !slices.Equal(drawn, wantDrawn) {
				t.Error("other random numbers are drawn afterwards")
			}
		})
	}
}

// A forward pass without a backward one, and one for predictions, leave nothing behind.
func TestCheckpointedWithoutBackward(t *testing.T) {
	n := newDeepNet(t)
	for _, open := range []func(gotch.Device) *torchx.Scope{torchx.Training, torchx.Inference} {
		s := open(gotch.CPU)
		x := s.Float32s(make([]float32, 8), 1, 8)
		y := s.Checkpointed(x, func(x *ts.Tensor) *ts.Tensor { return s.Linear(x, n.layers[0]) })
		if shape := s.Shape(y); !slices.Equal(shape, []int64{1, 8}) {
			t.Errorf("shape %v", shape)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	s := torchx.Training(gotch.CPU)
	s.Checkpointed(s.Float32s(make([]float32, 7), 1, 7), func(x *ts.Tensor) *ts.Tensor { return s.Linear(x, n.layers[0]) })
	if err := s.Close(); err == nil {
		t.Error("a layer that fails is no error")
	}
}

// A checkpointed part may have checkpointed parts of its own, and several may share their
// parameters.
func TestCheckpointedWithin(t *testing.T) {
	pass := func(outer, inner bool) (loss float64, gradients map[string][]float32, drawn []float32) {
		n := newDeepNet(t)
		if err := torchx.Seed(11); err != nil {
			t.Fatal(err)
		}
		s := torchx.Training(gotch.CPU)
		ids := []int64{1, 2, 3, 2, 8}
		run := func(*ts.Tensor) *ts.Tensor {
			x := s.Embedding(s.Int64s(ids, 5), n.words)
			for i := range n.layers {
				layer := func(x *ts.Tensor) *ts.Tensor {
					return s.LayerNorm(s.Add(s.Dropout(s.GELU(s.Linear(x, n.layers[i])), 0.3), x), n.norms[i])
				}
				if inner {
					x = s.Checkpointed(x, layer)
				} else {
					x = layer(x)
				}
			}
			return x
		}
		var parts []*ts.Tensor
		for range 2 {
			if outer {
				parts = append(parts, s.Block(func() *ts.Tensor { return s.Checkpointed(s.Int64s(ids, 5), run) }))
			} else {
				parts = append(parts, run(nil))
			}
		}
		all := s.Cat(0, parts...)
		total := s.Mean(s.Mul(all, s.Dropout(all, 0.5)))
		s.Backward(total)
		loss = s.Value(total)
		drawn = s.ReadFloat32(s.Dropout(s.Float32s(slices.Repeat([]float32{1}, 64), 64), 0.5))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		gradients = map[string][]float32{}
		for _, param := range n.p.All() {
			gradients[param.Name] = grad(t, param.Tensor)
		}
		return loss, gradients, drawn
	}
	wantLoss, want, wantDrawn := pass(false, false)
	for _, inner := range []bool{false, true} {
		loss, got, drawn := pass(true, inner)
		if loss != wantLoss || !slices.Equal(drawn, wantDrawn) {
			t.Errorf("inner %v: loss %v, want %v; other numbers are drawn afterwards: %v", inner, loss, wantLoss, !slices.Equal(drawn, wantDrawn))
		}
		for name := range want {
			for i, value := range want[name] {
				if d := got[name][i] - value; !(d*d < 1e-12) {
					t.Errorf("inner %v: gradient %d of %s is %v, want %v", inner, i, name, got[name][i], value)
				}
			}
		}
	}
}
