package trainer

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// mixedPasses are a batch of each task, and each batch's own gradient.
func mixedPasses(t *testing.T) (passes []datasets.Batch, apart []map[string][]float32) {
	t.Helper()
	for _, loader := range toyLoaders(toyTasks(), 5) {
		b := loader.Ordered()[0].Batch()
		gradient, _ := gradientOf(t, plainToy(t), b)
		passes, apart = append(passes, b), append(apart, gradient)
	}
	return passes, apart
}

// sumOf is the gradient of several passes in a step.
func sumOf(t *testing.T, tr *toyTrainer, passes []datasets.Batch) (map[string][]float32, []TaskLoss, map[string]float64) {
	t.Helper()
	if err := tr.build(t).optimizer.ZeroGrad(); err != nil {
		t.Fatal(err)
	}
	losses, norms, err := tr.sumTasks(context.Background(), passes)
	if err != nil {
		t.Fatal(err)
	}
	return gradientsNow(t, tr), losses, norms
}

// A mixed step's gradient is the weighted sum of the tasks', also where these are summed
// apart to be measured.
func TestMixedGradient(t *testing.T) {
	passes, apart := mixedPasses(t)
	for _, rule := range []string{BalanceFixed, BalanceGradientNorm} {
		for _, steps := range []int{0, 1, measureEvery} {
			t.Run(fmt.Sprintf("%q after %d steps", rule, steps), func(t *testing.T) {
				tr := plainToy(t)
				tr.Balance, tr.LossWeights = rule, map[string]float64{"ner": 5, "qa": 2}
				tr.build(t).progress.Balance.Steps = steps
				got, losses, norms := sumOf(t, tr, passes)
				expectGradient(t, got, combined(apart, []float64{5, 1, 2}))
				if len(losses) != 3 || losses[0].Task != "ner" || losses[2].Task != "qa" {
					t.Errorf("losses %+v", losses)
				}
				if measured := rule == BalanceGradientNorm && steps%measureEvery == 0; measured != (len(norms) == 3) {
					t.Errorf("norms %v", norms)
				}
				for task, norm := range norms {
					closeTo(t, "norm of "+task, norm, encoderNorm(apart[map[string]int{"ner": 0, "cls": 1, "qa": 2}[task]]))
				}
			})
		}
	}
}

// The tasks of one file are measured apart as well.
func TestMeasuredSharedSet(t *testing.T) {
	_, apart := mixedPasses(t)
	tr := plainToy(t)
	tr.Balance = BalanceGradientNorm
	got, _, norms := sumOf(t, tr, []datasets.Batch{toySet(toyTasks(), 5).Ordered()[0].Batch()})
	expectGradient(t, got, combined(apart, []float64{1, 1, 1}))
	for i, task := range toyTasks() {
		closeTo(t, "norm of "+task.Name, norms[task.Name], encoderNorm(apart[i]))
	}
}

// In bfloat16 the norms are measured as precisely as bfloat16 allows, with checkpointing
// too.
func TestMeasuredInBF16(t *testing.T) {
	passes, apart := mixedPasses(t)
	for _, checkpointing := range []bool{false, true} {
		tr := plainToy(t)
		tr.Balance, tr.BF16 = BalanceGradientNorm, true
		tr.Model.(*fusion.Model).SetCheckpointing(checkpointing)
		_, _, norms := sumOf(t, tr, passes)
		for i, task := range []string{"ner", "cls", "qa"} {
			want := encoderNorm(apart[i])
			if d := math.Abs(norms[task]-want) / want; !(d <= 0.03) || d == 0 {
				t.Errorf("%s: norm %v, in float32 %v", task, norms[task], want)
			}
		}
	}
}

// Each task's gradient is clipped, not their sum.
func TestClippedPerTask(t *testing.T) {
	passes, apart := mixedPasses(t)
	tr := plainToy(t)
	tr.ClipPerTask, tr.MaxGradNorm = true, 0.5
	factors := make([]float64, len(apart))
	for i, gradient := range apart {
		var squares float64
		for _, values := range gradient {
			for _, v := range values {
				squares += float64(v) * float64(v)
			}
		}
		factors[i] = min(1, 0.5/math.Sqrt(squares))
		if factors[i] == 1 {
			t.Fatal("the limit is too high for this test")
		}
	}
	got, _, _ := sumOf(t, tr, passes)
	expectGradient(t, got, combined(apart, factors))
	if limit := tr.clipLimit(passes); !math.IsInf(limit, 1) {
		t.Errorf("the sum is clipped at %v", limit)
	}
	if limit := tr.clipLimit(passes[:1]); limit != 0.5 {
		t.Errorf("a task's own step is clipped at %v", limit)
	}
}

// All sets are in every step, in parts too, and the run learns.
func TestMixedRun(t *testing.T) {
	train := func(parts int) *History {
		tr := plainToy(t)
		tr.Epochs, tr.Patience, tr.MixTasks, tr.AccumulationSteps = 3, 3, true, parts
		tr.Train = []datasets.Loader{toySet(toyTasks()[:1], 32), toySet(toyTasks()[1:2], 12), toySet(toyTasks()[2:], 20)}
		for i := range tr.Train {
			tr.Train[i].BatchSize = 8
		}
		if got := tr.build(t).Plan(); got.StepsPerEpoch != 8 || fmt.Sprint(got.Batches) != "[8 8 8]" || len(tr.steps(1)) != 8 {
			t.Errorf("plan %+v", got)
		}
		return run(t, tr)
	}
	whole, parts := train(0), train(2)
	for i, want := range whole.All {
		got := parts.All[i]
		if got.Step != 8*(i+1) || got.Train.Samples != 64 || !(math.Abs(got.loss()-want.loss()) <= lossLimit*want.loss()) || !(math.Abs(got.Train.Loss-want.Train.Loss) <= lossLimit*want.Train.Loss) {
			t.Errorf("epoch %d: %+v, want %+v", i+1, got, want)
		}
	}
	if first, last := whole.All[0].Train.Loss, whole.All[2].Train.Loss; !(last < 0.95*first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

// Annealed sampling changes an epoch's batches, not their number.
func TestAnnealedRun(t *testing.T) {
	tr, _ := toy(t, 3)
	tr.Sampling = datasets.Sampling{Annealed: true}
	tr.Train = []datasets.Loader{toySet(toyTasks()[:1], 10), toySet(toyTasks()[2:], 40)}
	tr.Val, tr.Patience = nil, 0
	counter := &counting{Model: tr.Model, losses: map[string]int{}}
	tr.Model = counter
	run(t, tr)
	// 2 and 8 batches by exponents 1, 0.6 and 0.2: 2, 3 and 4 of 10 are ner's
	if counter.losses["ner"] != 2+3+4 || counter.losses["qa"] != 8+7+6 {
		t.Errorf("batches %v", counter.losses)
	}
}

func TestBalanceIsChecked(t *testing.T) {
	for want, change := range map[string]func(tr *toyTrainer){
		`Settings.Balance is "dwa": it must be one of`:               func(tr *toyTrainer) { tr.Balance = "dwa" },
		"Settings.Sampling is {2 false}: it must be the zero value":  func(tr *toyTrainer) { tr.MixTasks, tr.Sampling.Temperature = true, 2 },
		"BatchSize is 2: with Settings.MixTasks it must be at least": func(tr *toyTrainer) { tr.MixTasks, tr.Train[0].BatchSize = true, 2 },
		"Balance: gradient_norm need a model with a method Layer":    func(tr *toyTrainer) { tr.Balance, tr.Model = BalanceGradientNorm, struct{ Model }{tr.Model} },
		`Settings.Balance is "uncertainty": with Deps.Objective, which has`: func(tr *toyTrainer) {
			tr.Balance, tr.Objective, tr.Model = BalanceUncertainty, multitask{Model: tr.Model}, nil
		},
	} {
		tr, _ := toy(t, 1)
		change(tr)
		if _, err := New(tr.Settings, tr.Deps); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
