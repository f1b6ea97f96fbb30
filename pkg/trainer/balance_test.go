package trainer

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// encoderNorm is the norm of the encoder's part of a gradient.
func encoderNorm(gradient map[string][]float32) float64 {
	var squares float64
	for name, values := range gradient {
		if strings.HasPrefix(name, "backbone.") {
			for _, v := range values {
				squares += float64(v) * float64(v)
			}
		}
	}
	return math.Sqrt(squares)
}

// closeTo reports numbers that rounding of float32 can't explain.
func closeTo(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-4*math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestNormWeights(t *testing.T) {
	var b balance
	for _, task := range []string{"ner", "cls"} {
		if got := b.weight(BalanceGradientNorm, task); got != 1 {
			t.Errorf("%s: weight %v before anything is measured", task, got)
		}
	}
	b.measured("ner", 2)
	b.measured("ner", 6)
	b.measured("cls", 30)
	b.measured("qa", 0)           // of a frozen encoder
	b.measured("qa", math.Inf(1)) // of a step that was skipped
	b.measured("qa", math.NaN())
	ner := (0.9*0.1*2 + 0.1*6) / 0.19
	near(t, "mean norm of ner", b.ByTask["ner"].Norm.value(), ner)
	near(t, "weight of ner", b.weight(BalanceGradientNorm, "ner"), math.Sqrt(ner*30)/ner)
	near(t, "weight of cls", b.weight(BalanceGradientNorm, "cls"), math.Sqrt(ner*30)/30)
	near(t, "weight of qa", b.weight(BalanceGradientNorm, "qa"), 1)
	near(t, "fixed weight", b.weight(BalanceFixed, "cls"), 1)
}

// A task's log variance ends where the derivative of exp(-s)·L + s/2 is 0.
func TestLearntUncertainty(t *testing.T) {
	for _, loss := range []float64{0.1, 0.5, 3} {
		var b balance
		b.learn("ner", loss)
		if first, want := b.ByTask["ner"].LogVariance.Value, math.Copysign(logVarianceRate, 2*loss-1); loss != 0.5 && math.Abs(first-want) > 1e-6 {
			t.Errorf("loss %v: the first step leads to %v, want %v: Adam's first step is as long as its rate", loss, first, want)
		}
		for range 5000 {
			b.learn("ner", loss)
		}
		if got, want := b.weight(BalanceUncertainty, "ner"), 1/(2*loss); math.Abs(got-want) > 0.01*want {
			t.Errorf("loss %v: weight %v, want %v", loss, got, want)
		}
	}
}

// In each step the norm is that of the task's own gradient without its weight, and the
// next gradient has the new weight.
func TestMeasuredNorms(t *testing.T) {
	tr := plainToy(t)
	tr.Balance, tr.LossWeights = BalanceGradientNorm, map[string]float64{"qa": 3}
	tr.build(t)
	var norms []float64
	for i, task := range toyTasks() {
		b := tr.Train[i].Ordered()[0].Batch()
		weight := tr.lossWeight(task.Name)
		gradient, _ := gradientOf(t, tr, b)
		norms = append(norms, encoderNorm(gradient)/weight)
		if _, err := tr.Step(context.Background(), b, StepOptions{}); err != nil {
			t.Fatal(err)
		}
		closeTo(t, "norm of "+task.Name, tr.progress.Balance.ByTask[task.Name].Norm.value(), norms[i])
	}
	geometric := math.Cbrt(norms[0] * norms[1] * norms[2])
	closeTo(t, "weight of ner", tr.lossWeight("ner"), geometric/norms[0])
	closeTo(t, "weight of cls", tr.lossWeight("cls"), geometric/norms[1])
	closeTo(t, "weight of qa", tr.lossWeight("qa"), 3*geometric/norms[2])
	for i, task := range toyTasks() {
		gradient, losses := gradientOf(t, tr, tr.Train[i].Ordered()[0].Batch())
		want := geometric
		if task.Name == "qa" {
			want *= 3
		}
		closeTo(t, "norm of the weighted gradient of "+task.Name, encoderNorm(gradient), want)
		_, plain := gradientOf(t, plainToy(t), tr.Train[i].Ordered()[0].Batch())
		closeTo(t, "reported loss", losses[0].Total, plain[0].Total)
	}
}

// The gradient is the sum of the heads', each with its weight; the reported loss has none.
func TestWeightsOfHeads(t *testing.T) {
	for i, task := range toyTasks() {
		b := toyLoaders(toyTasks(), 5)[i].Ordered()[0].Batch()
		_, plain := gradientOf(t, plainToy(t), b)
		var heads []map[string][]float32
		for h := range task.Heads {
			one := b
			one.Parts = []datasets.Part{onlyHead(b.Parts[0], h)}
			if gradient, losses := gradientOf(t, plainToy(t), one); len(losses) > 0 {
				heads = append(heads, gradient)
			}
		}
		classes := 2.0 // of each head of cls, and of yes/no
		if task.Name == "ner" {
			classes = 3
		}
		weights := make([]float64, len(heads))
		for h := range weights {
			weights[h] = 1 / math.Log(classes)
		}
		tr := plainToy(t)
		tr.Balance = BalanceLogClasses
		got, losses := gradientOf(t, tr, b)
		expectGradient(t, got, combined(heads, weights))
		closeTo(t, "reported loss of "+task.Name, losses[0].Total, plain[0].Total)
	}
}

// With all heads' weights 1 the loss is that without weights, teachers included.
func TestSumOfHeads(t *testing.T) {
	for _, list := range [][]int{{0}, {1}, {2}} {
		task := toyTasks()[list[0]]
		tr := patchy(t, toyTasks()[list[0]:list[0]+1])
		b := tr.Train[0].Ordered()[0].Batch()
		want, losses := gradientOf(t, tr, b)
		m := tr.Trainer.objective.(multitask)
		m.headWeights = map[string][]float64{task.Name: make([]float64, len(task.Heads))}
		for h := range m.headWeights[task.Name] {
			m.headWeights[task.Name][h] = 1
		}
		tr.Trainer.objective = m
		got, ofHeads := gradientOf(t, tr, b)
		expectGradient(t, got, want)
		for _, pair := range [][2]float64{{ofHeads[0].Total, losses[0].Total}, {ofHeads[0].Hard, losses[0].Hard}, {ofHeads[0].Soft, losses[0].Soft}, {ofHeads[0].Hidden, losses[0].Hidden}} {
			if !(math.Abs(pair[0]-pair[1]) <= 10*goldentest.Rounding*pair[1]) {
				t.Errorf("%s: losses %+v, want %+v", task.Name, ofHeads[0], losses[0])
			}
		}
	}
}

// The weights in use are tracked; a run with fixed weights tracks none.
func TestTrackedWeights(t *testing.T) {
	for rule, want := range map[string]string{
		BalanceFixed: "", BalanceGradientNorm: "train/weight_cls", BalanceUncertainty: "train/weight_cls", BalanceLogClasses: "train/weight_cls_sub",
	} {
		tr, _ := toy(t, 1)
		tr.Balance = rule
		h := run(t, tr)
		found := 0
		for name, value := range tr.log[1] {
			if strings.HasPrefix(name, "train/weight_") {
				found++
				if value == 1 || !(value > 0) {
					t.Errorf("%s: %s is %v", rule, name, value)
				}
			}
		}
		if _, tracked := tr.log[1][want]; tracked != (want != "") || found != len(h.All[0].Train.Weights) {
			t.Errorf("%s: %d weights tracked of %v", rule, found, h.All[0].Train.Weights)
		}
	}
}
