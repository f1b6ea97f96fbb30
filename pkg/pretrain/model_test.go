package pretrain

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// The golden files are made by scripts/golden/pretrain.py.
const (
	stepLossLimit = 1e-4 // relative, of a step's loss
	weightLimit   = 1e-5 // absolute, of a parameter at the end
)

var modelTypes = []string{backbone.DistilBERT, backbone.BERT}

func forEachType(t *testing.T, test func(t *testing.T, modelType string)) {
	for _, modelType := range modelTypes {
		t.Run(modelType, func(t *testing.T) { test(t, modelType) })
	}
}

func load(t testing.TB, dir string) *Model {
	t.Helper()
	m, hasHead, err := Load(dir, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	if !hasHead {
		t.Fatalf("%s: no head was found", dir)
	}
	t.Cleanup(m.Drop)
	return m
}

// goldenQuestion is the batch whose names begin with prefix.
func goldenQuestion(f goldentest.File, prefix string) Question {
	shape := f.Shape(prefix + "ids")
	b := datasets.Batch{Size: int(shape[0]), Length: int(shape[1]), IDs: f.Int64s(prefix + "ids"), Mask: f.Bools(prefix + "mask")}
	return QuestionOf(b, f.Int64s(prefix+"labels"))
}

// expectGradients compares those of all parameters; limit is relative to each's largest
// element.
func expectGradients(t *testing.T, s *torchx.Scope, m *Model, f goldentest.File, prefix string) {
	t.Helper()
	worst, where := 0.0, ""
	for _, p := range m.params.All() {
		g := gradient(t, s, p.Tensor)
		if !f.Has(prefix + p.Name) {
			if g != nil && goldentest.MaxAbs(g) > 0 {
				t.Errorf("%s has a gradient, but PyTorch's hasn't", p.Name)
			}
			continue
		}
		if g == nil {
			t.Errorf("%s has no gradient", p.Name)
			continue
		}
		want := f.Float32s(prefix + p.Name)
		d := goldentest.Compare(g, want)
		if goldentest.MaxAbs(want) < 1e-6 { // it is 0 but for rounding, as a key's bias has it
			d.Relative = d.Max
		}
		if d.Relative > worst {
			worst, where = d.Relative, p.Name
		}
		if !(d.Relative <= goldentest.Rounding) {
			t.Errorf("gradient of %s differs by %.1e of %.1e", p.Name, d.Max, goldentest.MaxAbs(want))
		}
	}
	t.Logf("%s: gradients differ by at most %.1e of the largest element (%s)", prefix, worst, where)
}

// gradient is nil where there is none.
func gradient(t *testing.T, s *torchx.Scope, x *ts.Tensor) []float32 {
	t.Helper()
	g, err := x.Grad(false)
	if err != nil {
		t.Fatal(err)
	}
	defer g.MustDrop()
	if !g.MustDefined() {
		return nil
	}
	return s.ReadFloat32(g)
}

func closeScope(t *testing.T, s *torchx.Scope) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestMaskedLossEqualsTransformers(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		m := load(t, filepath.Join("testdata", modelType))
		f := goldentest.Open(t, filepath.Join("testdata", modelType+".safetensors"))
		q := goldenQuestion(f, "")
		s := torchx.Training(gotch.CPU)
		defer closeScope(t, s)
		logits := m.Logits(s, m.Hidden(s, q.Tokens), q.Rows)
		loss := MaskedLoss(s, logits, q.Answers, 0, 0)
		s.Backward(loss)
		if d := goldentest.Compare(s.ReadFloat32(logits), f.Float32s("logits")); d.Relative > goldentest.Rounding {
			t.Errorf("logits differ by %.1e", d.Max)
		}
		d := goldentest.Compare(s.ReadFloat32(loss), f.Float32s("loss"))
		if t.Logf("loss %.4f differs by %.1e", s.Value(loss), d.Relative); d.Relative > 1e-6 {
			t.Errorf("loss differs by %.1e", d.Relative)
		}
		right := 0
		for i, id := range s.ReadInt64(s.Argmax(logits, 1)) {
			if id == q.Answers[i] {
				right++
			}
		}
		if want := f.Int64s("correct")[0]; int64(right) != want {
			t.Errorf("%d of %d places are right, want %d", right, len(q.Answers), want)
		}
		expectGradients(t, s, m, f, "grad/")
	})
}

func TestTwentyStepsEqualPyTorch(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		m := load(t, filepath.Join("testdata", modelType))
		f := goldentest.Open(t, filepath.Join("testdata", modelType+"_steps.safetensors"))
		setAll(t, m, f, "start/")
		data, err := os.ReadFile(filepath.Join("testdata", modelType+"_steps.json"))
		if err != nil {
			t.Fatal(err)
		}
		var golden struct {
			Steps []struct{ Rate, Loss, Norm float64 }
		}
		if err := json.Unmarshal(data, &golden); err != nil {
			t.Fatal(err)
		}
		optimizer, err := torchx.NewAdamW(gotch.CPU, torchx.ParamGroup{Params: m.params.All(), Rate: 1, WeightDecay: 0.01})
		if err != nil {
			t.Fatal(err)
		}
		defer optimizer.Drop()
		worst := 0.0
		for step, want := range golden.Steps {
			loss, norm := oneStep(t, m, optimizer, goldenQuestion(f, fmt.Sprintf("%d/", step)), want.Rate)
			d := math.Abs(loss-want.Loss) / want.Loss
			if worst = max(worst, d); !(d <= stepLossLimit) || !(math.Abs(norm-want.Norm)/want.Norm <= stepLossLimit) {
				t.Errorf("step %d: loss %v, norm %v; want %v, %v", step, loss, norm, want.Loss, want.Norm)
			}
		}
		furthest := 0.0
		s := torchx.Inference(gotch.CPU)
		defer closeScope(t, s)
		for _, p := range m.params.All() {
			d := goldentest.Compare(s.ReadFloat32(p.Tensor), f.Float32s("end/"+p.Name))
			if furthest = max(furthest, d.Max); !(d.Max <= weightLimit) {
				t.Errorf("%s differs by %.1e after %d steps", p.Name, d.Max, len(golden.Steps))
			}
		}
		t.Logf("%d steps: losses differ by at most %.1e, weights by %.1e", len(golden.Steps), worst, furthest)
	})
}

// setAll sets all parameters to golden tensors.
func setAll(t *testing.T, m *Model, f goldentest.File, prefix string) {
	t.Helper()
	for _, p := range m.params.All() {
		values := f.Float32s(prefix + p.Name)
		data := make([]byte, 0, 4*len(values))
		for _, x := range values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		if err := torchx.SetBytes(p.Tensor, data, gotch.Float, f.Shape(prefix+p.Name)); err != nil {
			t.Fatal(err)
		}
	}
}

func oneStep(t *testing.T, m *Model, optimizer *torchx.AdamW, q Question, rate float64) (loss, norm float64) {
	t.Helper()
	if err := optimizer.ZeroGrad(); err != nil {
		t.Fatal(err)
	}
	s := torchx.Training(gotch.CPU)
	x := MaskedLoss(s, m.Logits(s, m.Hidden(s, q.Tokens), q.Rows), q.Answers, 0, 0)
	s.Backward(x)
	loss = s.Value(x)
	closeScope(t, s)
	norm, err := optimizer.ClipGradNorm(1)
	if err == nil {
		err = optimizer.Step(rate)
	}
	if err != nil {
		t.Fatal(err)
	}
	return loss, norm
}

// The losses of shares of a batch, and their gradients, add up to the batch's.
func TestSharesAddUp(t *testing.T) {
	m := load(t, "testdata/distilbert")
	f := goldentest.Open(t, "testdata/distilbert.safetensors")
	shape := f.Shape("ids")
	ids, mask, labels := f.Int64s("ids"), f.Bools("mask"), f.Int64s("labels")
	questions := func(from, to int64) Question {
		b := datasets.Batch{Size: int(to - from), Length: int(shape[1]), IDs: ids[from*shape[1] : to*shape[1]], Mask: mask[from*shape[1] : to*shape[1]]}
		return QuestionOf(b, labels[from*shape[1]:to*shape[1]])
	}
	whole := float64(len(questions(0, shape[0]).Answers))
	var sum float64
	for _, share := range [][2]int64{{0, 1}, {1, 4}} {
		s := torchx.Training(gotch.CPU)
		q := questions(share[0], share[1])
		loss := MaskedLoss(s, m.Logits(s, m.Hidden(s, q.Tokens), q.Rows), q.Answers, 0, whole)
		s.Backward(loss)
		sum += s.Value(loss)
		closeScope(t, s)
	}
	if want := float64(f.Float32s("loss")[0]); math.Abs(sum-want)/want > 1e-6 {
		t.Errorf("the shares' losses add up to %v, want %v", sum, want)
	}
	s := torchx.Inference(gotch.CPU)
	defer closeScope(t, s)
	expectGradients(t, s, m, f, "grad/")
}

// The order is that in which gradients are complete: the tied matrix comes last.
func TestBackwardOrder(t *testing.T) {
	m := load(t, "testdata/bert")
	order := m.BackwardOrder()
	words, _ := m.params.Get("bert.embeddings.word_embeddings.weight")
	bias, _ := m.params.Get("cls.predictions.bias")
	if len(order) != len(m.params.All()) || order[0] != bias || order[len(order)-1] != words {
		t.Errorf("%d parameters of %d; the head's bias isn't the first, or the word embeddings not the last", len(order), len(m.params.All()))
	}
}
