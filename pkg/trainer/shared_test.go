package trainer

import (
	"math"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// plainToy has no dropout, so that a batch's gradient is always the same.
func plainToy(t *testing.T) *toyTrainer {
	tr, _ := toy(t, 1)
	tr.Model = toyModel(t, 1, 0)
	return tr
}

// combined is Σ weight · gradient.
func combined(gradients []map[string][]float32, weights []float64) map[string][]float32 {
	sums := map[string][]float32{}
	for i, gradient := range gradients {
		for name, values := range gradient {
			if sums[name] == nil {
				sums[name] = make([]float32, len(values))
			}
			for j, v := range values {
				sums[name][j] += float32(weights[i]) * v
			}
		}
	}
	return sums
}

// gradientLimit is how far a gradient that was added up in another order may be
// from the same one, as a part of its largest element. Forward and backward
// pass together are sums of some thousand products, each rounded to 2⁻²⁴ of its
// size, and every processor adds them up in an order of its own; a label that
// counts twice or not at all changes a gradient by more than a hundredth.
const gradientLimit = 1e-4

// noGradient is, as a part of the largest element of all gradients, what counts
// as zero: the gradient of a key's bias, say, is what rounding leaves of one.
const noGradient = 1e-6

func expectGradient(t *testing.T, got, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Errorf("gradients of %d parameters, want %d", len(got), len(want))
	}
	var largest float64
	for _, values := range want {
		largest = max(largest, goldentest.MaxAbs(values))
	}
	if largest == 0 {
		t.Error("all gradients are zero")
	}
	for name, values := range want {
		limit := gradientLimit*goldentest.MaxAbs(values) + noGradient*largest
		if d := goldentest.Compare(got[name], values); !(d.Max <= limit) {
			t.Errorf("gradient of %s differs by %.1e, which is more than %.1e", name, d.Max, limit)
		}
	}
}

func TestLossWeightScalesTheGradient(t *testing.T) {
	for i, task := range toyTasks() {
		b := toyLoaders(toyTasks(), 5)[i].Ordered()[0].Batch()
		plain, losses := gradientOf(t, plainToy(t), b)
		weighted := plainToy(t)
		weighted.LossWeights = map[string]float64{"ner": 9, "cls": 9, "qa": 9}
		weighted.LossWeights[task.Name] = 0.25
		got, weightedLosses := gradientOf(t, weighted, b)
		expectGradient(t, got, combined([]map[string][]float32{plain}, []float64{0.25}))
		if losses[0].Total != weightedLosses[0].Total {
			t.Errorf("%s: the reported loss is %v, without weight %v", task.Name, weightedLosses[0].Total, losses[0].Total)
		}
	}
}

// One pass of the encoder serves the tasks of a shared set: the gradient is
// the weighted sum of theirs.
func TestSharedSet(t *testing.T) {
	list := []tasks.Task{toyTasks()[0], toyTasks()[2]}
	weights := map[string]float64{"ner": 0.5, "qa": 2}
	var apart []map[string][]float32
	var losses []TaskLoss
	for _, task := range list {
		gradient, loss := gradientOf(t, plainToy(t), toySet([]tasks.Task{task}, 5).Ordered()[0].Batch())
		apart, losses = append(apart, gradient), append(losses, loss...)
	}

	tr := plainToy(t)
	counter := &counting{Model: tr.Model, losses: map[string]int{}}
	tr.Model, tr.LossWeights = counter, weights
	together, got := gradientOf(t, tr, toySet(list, 5).Ordered()[0].Batch())
	if counter.encoder != 1 || counter.losses["ner"] != 1 || counter.losses["qa"] != 1 {
		t.Errorf("%d encoder passes, losses %v; want one of each", counter.encoder, counter.losses)
	}
	for i := range losses {
		if got[i].Task != losses[i].Task || math.Abs(got[i].Total-losses[i].Total) > goldentest.Rounding*losses[i].Total {
			t.Errorf("loss %+v, apart %+v", got[i], losses[i])
		}
	}
	expectGradient(t, together, combined(apart, []float64{0.5, 2}))
}

// An example may lack the labels of one of its tasks.
func TestSharedSetWithoutSomeLabels(t *testing.T) {
	list := []tasks.Task{toyTasks()[0], toyTasks()[2]}
	alone, _ := gradientOf(t, plainToy(t), toySet(list[:1], 5).Ordered()[0].Batch())
	shared := toySet(list, 5)
	for _, ex := range shared.Examples {
		ignore(tasks.MultiLabel, ex.Labels[1])
	}
	got, losses := gradientOf(t, plainToy(t), shared.Ordered()[0].Batch())
	if len(losses) != 1 || losses[0].Task != "ner" {
		t.Errorf("losses %+v, want one of ner", losses)
	}
	expectGradient(t, got, alone)
}

func TestSharedSetLearns(t *testing.T) {
	tr, out := toy(t, 12)
	tr.Train, tr.Val = []datasets.Loader{toySet(toyTasks(), 32)}, []datasets.Loader{toySet(toyTasks(), 12)}
	tr.LearningRate = 2e-2 // there are a third of the steps
	h := run(t, tr)
	first, last := h.All[0], h.All[len(h.All)-1]
	if len(first.Val) != 3 || len(first.Train.Losses) != 3 || first.Step != 7 {
		t.Fatalf("scores of %d tasks, losses of %d after %d steps; want 3, 3 and 7", len(first.Val), len(first.Train.Losses), first.Step)
	}
	var sum float64
	for i, loss := range last.Train.Losses {
		sum += loss.Value
		if before := first.Train.Losses[i].Value; !(loss.Value < 0.7*before) {
			t.Errorf("loss of %s went from %.3f to %.3f", loss.Name, before, loss.Value)
		}
	}
	near(t, "mean loss of a batch", last.Train.Loss, sum)
	if !(last.Average > first.Average+0.1) {
		t.Errorf("validation went from %.3f to %.3f", first.Average, last.Average)
	}
	NewConsole(out, out).Steps(tr.Plan(), tr.Train)
	if want := "Batches per epoch: 7 (ner+cls+qa 7)"; !strings.Contains(out.String(), want) {
		t.Errorf("printed %q, want %q", out, want)
	}
}

func TestSamplingOfARun(t *testing.T) {
	for _, test := range []struct {
		temperature float64
		ner, qa     int
	}{{0, 2, 8}, {1, 2, 8}, {2, 3, 7}, {math.Inf(1), 5, 5}} {
		tr, _ := toy(t, 2)
		tr.Sampling = datasets.Sampling{Temperature: test.temperature}
		counter := &counting{Model: tr.Model, losses: map[string]int{}}
		list := toyTasks()
		tr.Model, tr.Val, tr.Patience = counter, nil, 0
		tr.Train = []datasets.Loader{toySet(list[:1], 10), toySet(list[2:], 40)}
		if got := tr.build(t).Plan().StepsPerEpoch; got != test.ner+test.qa {
			t.Errorf("temperature %v: %d steps an epoch, want %d", test.temperature, got, test.ner+test.qa)
		}
		h := run(t, tr)
		if counter.losses["ner"] != 2*test.ner || counter.losses["qa"] != 2*test.qa {
			t.Errorf("temperature %v: %v batches in two epochs, want %d and %d", test.temperature, counter.losses, 2*test.ner, 2*test.qa)
		}
		if got := h.All[1].Step; got != 2*(test.ner+test.qa) {
			t.Errorf("temperature %v: ended at step %d", test.temperature, got)
		}
	}
}
