package trainer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// The teacher's weight falls linearly, and stays at 0.
func TestAnnealedWeight(t *testing.T) {
	for _, test := range []struct{ ratio, done, want float64 }{
		{0, 0, 0.9}, {0, 1, 0.9},
		{0.8, 0, 0.9}, {0.8, 0.2, 0.675}, {0.8, 0.8, 0}, {0.8, 24.0 / 30, 0}, {0.8, 0.9, 0}, {0.8, 1, 0},
		{1, 0.5, 0.45}, {1, 1, 0},
	} {
		if got := (Distillation{Alpha: 0.9, AnnealingRatio: test.ratio}).at(test.done).Alpha; math.Abs(got-test.want) > 1e-15 || test.want == 0 && got != 0 {
			t.Errorf("ratio %v, %v of the steps are done: the weight is %v, want %v", test.ratio, test.done, got, test.want)
		}
	}
}

// inFewSteps makes batches of that size.
func inFewSteps(tr *toyTrainer, size int) {
	for i := range tr.Train {
		tr.Train[i].BatchSize = size
	}
	for i := range tr.Val {
		tr.Val[i].BatchSize = size
	}
}

// A run learns with the weight of each of its steps, which its history shows.
func TestAnnealingOfARun(t *testing.T) {
	tr, _ := toy(t, 4)
	teach(tr)
	tr.Distill = distill(Distillation{Alpha: 1, Temperature: 1, AnnealingRatio: 0.5})
	inFewSteps(tr, 32)
	history := run(t, tr)
	if len(history.All) != 4 || history.All[3].Step != 12 {
		t.Fatalf("validated after %v", stepsOf(history))
	}
	for i, want := range []float64{1 - 2.0/6, 1 - 5.0/6, 0, 0} {
		trained := history.All[i].Train
		if got := partOf(trained, "alpha_ner"); !(math.Abs(got-want) < 1e-12) {
			t.Errorf("interval %d ends with the weight %v, want %v", i+1, got, want)
		}
		if soft := partOf(trained, "soft_ner"); math.IsNaN(soft) != (want == 0) {
			t.Errorf("interval %d has the soft loss %v", i+1, soft)
		}
		if got := tr.log[int64(i+1)]["train/alpha_ner"]; got != partOf(trained, "alpha_ner") {
			t.Errorf("interval %d: the tracked weight is %v", i+1, got)
		}
	}
}

// Once a teacher's weight is 0, a step is one of plain training, bit for bit.
func TestAnnealedStepIsPlainTraining(t *testing.T) {
	step := func(d map[string]Distillation, done float64) *toyTrainer {
		tr, _ := toy(t, 0)
		tr.Epochs, tr.Patience = 0, 0
		teach(tr)
		tr.Distill = d
		for _, l := range tr.Train {
			if _, err := tr.build(t).Step(t.Context(), l.Ordered()[0].Batch(), StepOptions{Rate: 1e-3, Seed: 4, Done: done}); err != nil {
				t.Fatal(err)
			}
		}
		return tr
	}
	annealed := distill(Distillation{Alpha: 1, Temperature: 2, AnnealingRatio: 0.5})
	plain := step(nil, 0)
	sameWeights(t, plain, step(annealed, 0.5), "from plain training")
	if first, second := weightsOf(t, plain), weightsOf(t, step(annealed, 0.4)); first["ner_classifier.weight"] == second["ner_classifier.weight"] {
		t.Error("a teacher whose weight isn't 0 teaches nothing")
	}
	tr := plainToy(t)
	for _, done := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := tr.build(t).Step(t.Context(), datasets.Batch{}, StepOptions{Done: done}); err == nil || !strings.Contains(err.Error(), "StepOptions.Done") {
			t.Errorf("%v of the steps are done: error %v", done, err)
		}
	}
}

// A run isn't stopped, for scores that no longer rise, as long as a teacher's weight falls.
func TestPatienceBeginsAfterAnnealing(t *testing.T) {
	for _, test := range []struct {
		ratio float64
		want  int // epochs
	}{{0, 3}, {0.5, 7}, {0.55, 7}, {1, 10}} {
		tr, _ := toy(t, 10)
		tr.LearningRate, tr.Patience = 0, 2 // no score ever rises
		teach(tr)
		inFewSteps(tr, 32)
		tr.Distill = distill(Distillation{Alpha: 0.5, Temperature: 1, AnnealingRatio: test.ratio})
		if got := run(t, tr).Completed; got != test.want {
			t.Errorf("ratio %v: ended after epoch %d, want %d", test.ratio, got, test.want)
		}
	}
}

// The loss has the gradients of cross-entropy with the target λ·gold + (1-λ)·softmax(teacher).
func TestAnnealingHasTheGradientsOfMixedTargets(t *testing.T) {
	golden := goldentest.Open(t, "testdata/mixed_targets.safetensors")
	for name, task := range map[string]tasks.Task{
		"ner": {Name: "t", Kind: tasks.Token, Heads: []tasks.Head{{Name: "t", Labels: strings.Fields("O a b c d")}}},
		"cls": {Name: "t", Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: []tasks.Head{{Name: "t", Labels: strings.Fields("a b c d")}}},
		"qa":  {Name: "t", Kind: tasks.MultiLabel, Pooling: tasks.CLSPooling, Heads: []tasks.Head{{Name: "t", Labels: strings.Fields("a b c")}}},
	} {
		for _, share := range []float64{0, 0.25, 0.9, 1} {
			t.Run(fmt.Sprintf("%s, %g gold", name, share), func(t *testing.T) {
				params := torchx.NewParams(gotch.CPU, true)
				t.Cleanup(params.Drop)
				head, err := heads.New(params, task, 8, 0)
				if err != nil {
					t.Fatal(err)
				}
				at := func(part string) string { return fmt.Sprintf("%s.%g/%s", name, share, part) }
				s := torchx.Training(gotch.CPU)
				x := s.Float32s(golden.Float32s(at("logits")), golden.Shape(at("logits"))...)
				if err := x.RequiresGrad_(true); err != nil {
					t.Fatal(err)
				}
				part := datasets.Part{Task: "t", Targets: []datasets.Target{{Soft: datasets.Soft{
					Rows: golden.Int64s(at("rows")), Logits: golden.Float32s(at("teacher")),
				}}}}
				d := Distillation{Alpha: 1, Temperature: 1, AnnealingRatio: 0.5}.at(share / 2)
				var loss PartLoss
				target := &part.Targets[0]
				if name == "qa" {
					target.Flags, target.Width = golden.Float32s(at("target")), 3
				} else {
					target.Classes = golden.Int64s(at("target"))
				}
				model := headModel{Head: head}
				loss.Hard = model.Loss(s, datasets.Batch{}, part, tensors(x))
				d.learn(s, &loss, model, datasets.Batch{}, part, tensors(x), nil, nil, nil)
				s.Backward(loss.Total)
				g, err := x.Grad(false)
				if err != nil {
					t.Fatal(err)
				}
				if diff := goldentest.Compare(slices.Clone(s.ReadFloat32(g)), golden.Float32s(at("grad"))); !(diff.Max <= 1e-6) {
					t.Errorf("gradients differ by %.1e", diff.Max)
				} else {
					t.Logf("gradients differ by %.1e", diff.Max)
				}
				g.MustDrop()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Tasks that a batch has no labels of add their own losses, whether it is whole or in
// parts, one batch of a step or several.
func TestTaughtPartsAddUp(t *testing.T) {
	for _, balance := range []string{BalanceFixed, BalanceLogClasses} {
		for _, steps := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%q in %d", balance, steps), func(t *testing.T) {
				tr := plainToy(t)
				teachEvery(tr)
				tr.Balance = balance
				tr.Distill = distill(Distillation{Alpha: 0.4, Temperature: 2, SoftWeight: 0.5})
				ref := tr.Train[0].Ordered()[0]
				whole := ref.Batch()
				together, losses := gradientOf(t, tr, whole)
				if len(losses) != 3 || losses[0].Task != "ner" || math.IsNaN(losses[0].Hard) || !math.IsNaN(losses[0].Taught) {
					t.Fatalf("losses %+v", losses)
				}
				for _, loss := range losses[1:] {
					if !math.IsNaN(loss.Hard) || !math.IsNaN(loss.Soft) || !(loss.Taught > 0) || !(math.Abs(loss.Total-0.5*loss.Taught) < 1e-6) {
						t.Errorf("loss %+v of a task without labels", loss)
					}
				}
				var apart []map[string][]float32
				for _, part := range whole.Parts {
					one := whole
					one.Parts = []datasets.Part{part}
					gradient, _ := gradientOf(t, tr, one)
					apart = append(apart, gradient)
				}
				expectGradient(t, together, combined(apart, []float64{1, 1, 1}))

				tr.settings.AccumulationSteps = steps
				parts, _ := tr.parts(ref)
				if err := tr.optimizer.ZeroGrad(); err != nil {
					t.Fatal(err)
				}
				got, err := tr.sumGradients(context.Background(), parts)
				if err != nil {
					t.Fatal(err)
				}
				expectGradient(t, gradientsNow(t, tr), together)
				for i, want := range losses {
					if !(math.Abs(got[i].Total-want.Total) <= goldentest.Rounding*want.Total) {
						t.Errorf("loss %+v, want %+v", got[i], want)
					}
				}
			})
		}
	}
}

// A set of calls without any labels is trained on beside the others, and validated by
// none.
func TestUnlabelledSet(t *testing.T) {
	tr, out := toy(t, 2)
	teach(tr)
	unlabelled := toySet(nil, 20)
	for i := range unlabelled.Examples {
		unlabelled.Examples[i].Labels = nil
	}
	unlabelled.Taught = toyTasks()
	draw := drawing(7)
	for i, ex := range unlabelled.Examples {
		for _, task := range toyTasks() {
			unlabelled.Examples[i].Taught = append(unlabelled.Examples[i].Taught, draw.targets(task, ex))
		}
	}
	tr.Train = append(tr.Train, unlabelled)
	tr.Distill = distill(Distillation{Alpha: 0.5, Temperature: 2, SoftWeight: 1})
	history := run(t, tr)
	last := history.All[1]
	if last.Step != 2*25 || len(last.Train.Losses) != 3 || len(last.Val) != 3 {
		t.Errorf("%d steps, %d losses, %d scores; want 50, 3, 3", last.Step, len(last.Train.Losses), len(last.Val))
	}
	for _, task := range toyTasks() {
		if !(partOf(last.Train, "taught_"+task.Name) > 0) {
			t.Errorf("parts %+v without taught_%s", last.Train.Parts, task.Name)
		}
	}
	NewConsole(out, out).Steps(tr.Plan(), tr.Train)
	if want := "unlabelled 4"; !strings.Contains(out.String(), want) {
		t.Errorf("printed %q, want %q", out, want)
	}
}

func TestTaughtIsChecked(t *testing.T) {
	for want, change := range map[string]func(*toyTrainer){
		`Deps.Train[0].Taught has task "qa"`: func(tr *toyTrainer) {
			delete(tr.Distill, "qa")
		},
		"Deps.Val[0].Taught is set": func(tr *toyTrainer) { tr.Val[0].Taught = toyTasks()[1:] },
		"a teacher's targets are there for 0 of 4 heads": func(tr *toyTrainer) {
			tr.Train[0].Examples[3].Taught[0] = []datasets.SoftLabel{}
		},
		"of a teacher's logits, want 3":                   func(tr *toyTrainer) { tr.Train[1].Examples[1].Taught[0][0] = datasets.SoftLabel{Rows: []int32{1}} },
		"a teacher's target is of token 99 of":            func(tr *toyTrainer) { tr.Train[1].Examples[1].Taught[0][0].Rows[0] = 99 },
		"Settings.Distill[\"ner\"].SoftWeight is -1":      func(tr *toyTrainer) { tr.Distill["ner"] = Distillation{Temperature: 1, SoftWeight: -1} },
		"Settings.Distill[\"ner\"].AnnealingRatio is NaN": func(tr *toyTrainer) { tr.Distill["ner"] = Distillation{Temperature: 1, AnnealingRatio: math.NaN()} },
		"Settings.Distill[\"ner\"].AnnealingRatio is 1.5": func(tr *toyTrainer) { tr.Distill["ner"] = Distillation{Temperature: 1, AnnealingRatio: 1.5} },
	} {
		tr, _ := toy(t, 1)
		teachEvery(tr)
		tr.Distill = distill(Distillation{Alpha: 0.5, Temperature: 1, SoftWeight: 1})
		change(tr)
		if _, err := New(tr.Settings, tr.Deps); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
