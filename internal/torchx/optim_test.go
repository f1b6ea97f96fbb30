package torchx_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
)

// adamwGolden is what torch.optim.AdamW did; made by scripts/golden/training.py.
type adamwGolden struct {
	WeightDecay float64 `json:"weight_decay"`
	MaxNorm     float64 `json:"max_norm"`
	Steps       []struct{ Rate, Norm float64 }
}

func readAdamW(t *testing.T) (adamwGolden, goldentest.File) {
	t.Helper()
	data, err := os.ReadFile("testdata/adamw.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden adamwGolden
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	return golden, goldentest.Open(t, "testdata/adamw.safetensors")
}

// startParams makes the parameters that the golden run starts with.
func startParams(t *testing.T, tensors goldentest.File) torchx.Params {
	t.Helper()
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	for _, name := range []string{"matrix", "vector", "single", "rare", "idle"} {
		setParam(t, p.New(name, torchx.Zeros, tensors.Shape("start/"+name)...), tensors.Float32s("start/"+name))
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

func setParam(t *testing.T, param *ts.Tensor, data []float32) {
	t.Helper()
	var raw []byte
	for _, v := range data {
		raw = appendFloat32(raw, v)
	}
	if err := torchx.SetBytes(param, raw, gotch.Float, param.MustSize()); err != nil {
		t.Fatal(err)
	}
}

// backward gives parameters the step's gradients: d/dp Σ p·g = g.
func backward(t *testing.T, p torchx.Params, tensors goldentest.File, step int) {
	t.Helper()
	s := torchx.Training(gotch.CPU)
	loss := s.Float32s([]float32{0})
	for _, param := range p.All() {
		name := fmt.Sprintf("%d/gradient/%s", step, param.Name)
		if tensors.Has(name) {
			g := s.Float32s(tensors.Float32s(name), tensors.Shape(name)...)
			loss = s.Add(loss, s.Sum(s.Flatten(s.Mul(param.Tensor, g), 0), 0))
		}
	}
	s.Backward(loss)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAdamWEqualsPyTorch(t *testing.T) {
	golden, tensors := readAdamW(t)
	p := startParams(t, tensors)
	o, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: p.All(), Rate: 1, WeightDecay: golden.WeightDecay})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Drop()
	var worst goldentest.Deviation
	for step, want := range golden.Steps {
		if err := o.ZeroGrad(); err != nil {
			t.Fatal(err)
		}
		backward(t, p, tensors, step)
		norm, err := o.ClipGradNorm(golden.MaxNorm)
		if err != nil || math.Abs(norm-want.Norm) > 1e-6*want.Norm {
			t.Errorf("step %d: gradient norm %v, %v; want %v", step, norm, err, want.Norm)
		}
		if err := o.Step(want.Rate); err != nil {
			t.Fatal(err)
		}
		for _, param := range p.All() {
			d := goldentest.Compare(values(t, param.Tensor), tensors.Float32s(fmt.Sprintf("%d/param/%s", step, param.Name)))
			if worst.Mean, worst.Max = max(worst.Mean, d.Mean), max(worst.Max, d.Max); d.Relative > goldentest.Rounding {
				t.Errorf("step %d: %s differs by %.1e", step, param.Name, d.Max)
			}
		}
	}
	t.Logf("largest deviation of a parameter: mean %.1e, max %.1e", worst.Mean, worst.Max)
}

func TestZeroGradForgetsGradients(t *testing.T) {
	golden, tensors := readAdamW(t)
	p := startParams(t, tensors)
	o, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: p.All(), Rate: 1, WeightDecay: golden.WeightDecay})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Drop()
	backward(t, p, tensors, 0)
	matrix, _ := p.Get("matrix")
	idle, _ := p.Get("idle")
	if grad(t, matrix) == nil || grad(t, idle) != nil {
		t.Fatal("the wrong parameters have a gradient")
	}
	if err := o.ZeroGrad(); err != nil {
		t.Fatal(err)
	}
	if grad(t, matrix) != nil {
		t.Error("a gradient is left")
	}
	before := values(t, matrix)
	if norm, err := o.ClipGradNorm(1); norm != 0 || err != nil {
		t.Errorf("norm of no gradient: %v, %v", norm, err)
	}
	if err := o.Step(1); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, values(t, matrix)) {
		t.Error("a step without gradients changed a parameter")
	}
}

// A state that was stored and set again continues as if nothing had happened.
func TestAdamWStateContinues(t *testing.T) {
	golden, tensors := readAdamW(t)
	run := func(p torchx.Params, o *torchx.AdamW, first, last int) {
		for step := first; step < last; step++ {
			if err := o.ZeroGrad(); err != nil {
				t.Fatal(err)
			}
			backward(t, p, tensors, step)
			if err := o.Step(golden.Steps[step].Rate); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := func(p torchx.Params, o *torchx.AdamW) []torchx.Param { return slices.Concat(p.All(), o.State()) }
	start := func() (torchx.Params, *torchx.AdamW) {
		p := startParams(t, tensors)
		o, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: p.All(), Rate: 1, WeightDecay: golden.WeightDecay})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(o.Drop)
		return p, o
	}
	p, o := start()
	run(p, o, 0, 4)
	p2, o2 := start()
	copies := all(p2, o2)
	for i, from := range all(p, o) {
		data, err := torchx.Bytes(from.Tensor)
		if err != nil {
			t.Fatal(err)
		}
		if copies[i].Name != from.Name {
			t.Fatalf("state %d is %s and %s", i, copies[i].Name, from.Name)
		}
		if err := torchx.SetBytes(copies[i].Tensor, data, gotch.Float, from.Tensor.MustSize()); err != nil {
			t.Fatal(err)
		}
	}
	run(p, o, 4, 10)
	run(p2, o2, 4, 10)
	for i, want := range all(p, o) {
		if !slices.Equal(values(t, copies[i].Tensor), values(t, want.Tensor)) {
			t.Errorf("%s differs after going on from a stored state", want.Name)
		}
	}
	if got := o.State()[3*3+2]; got.Name != "rare.step" || values(t, got.Tensor)[0] != 4 {
		t.Errorf("%s = %v, want 4 updates of the parameter that seldom has a gradient", got.Name, values(t, got.Tensor))
	}
}
