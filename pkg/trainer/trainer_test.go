package trainer

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

func TestAllTasksLearn(t *testing.T) {
	tr, out := toy(t, 12)
	var saved []int
	tr.save = func(h *History) error {
		saved = append(saved, h.Best)
		return nil
	}
	history := run(t, tr)
	first, last := history.All[0], history.All[len(history.All)-1]
	for i, loss := range last.Train.Losses {
		if before := first.Train.Losses[i].Value; !(loss.Value < 0.7*before) {
			t.Errorf("loss of %s went from %.3f to %.3f", loss.Name, before, loss.Value)
		}
	}
	if !(last.Average > first.Average+0.1) {
		t.Errorf("validation went from %.3f to %.3f", first.Average, last.Average)
	}
	if len(saved) == 0 || saved[len(saved)-1] != history.Best {
		t.Errorf("saved at epochs %v, best was %d", saved, history.Best)
	}
	if got := strings.Count(out.String(), "[Checkpoint saved]"); got != len(saved) {
		t.Errorf("%d checkpoints announced, %d saved", got, len(saved))
	}
	if got := strings.Count(out.String(), "Epoch "); got != 12 {
		t.Errorf("%d epochs announced, want 12", got)
	}
}

func TestTrackedMetrics(t *testing.T) {
	tr, _ := toy(t, 2)
	log := tr.log
	history := run(t, tr)
	if len(log) != 2 {
		t.Fatalf("metrics of %d epochs, want 2", len(log))
	}
	second := log[2]
	for _, name := range []string{
		"train/loss", "train/loss_ner", "train/loss_cls", "train/loss_qa", "val/ner_f1", "val/cls_avg_acc", "val/qa_avg_f1",
		"val/avg", "best/avg_val", "early_stop/no_improve", "early_stop/best_avg", "throughput/samples_per_s",
	} {
		if _, ok := second[name]; !ok {
			t.Errorf("no metric %q", name)
		}
	}
	mean := (second["val/ner_f1"] + second["val/cls_avg_acc"] + second["val/qa_avg_f1"]) / 3
	if math.Abs(second["val/avg"]-mean) > 1e-12 || second["val/avg"] != history.All[1].Average {
		t.Errorf("val/avg is %v, want %v", second["val/avg"], mean)
	}
}

func TestSameSeedSameRun(t *testing.T) {
	a, _ := toy(t, 2)
	b, _ := toy(t, 2)
	run(t, a)
	run(t, b)
	sameWeights(t, a, b, "between two runs of one seed")
	c, _ := toy(t, 2)
	c.Seed++
	run(t, c)
	if weightsOf(t, c)["ner_classifier.weight"] == weightsOf(t, a)["ner_classifier.weight"] {
		t.Error("another seed gave the same weights")
	}
}

// Weights act on gradients, not on what is reported.
func TestLossWeights(t *testing.T) {
	heavy, _ := toy(t, 1)
	heavy.LossWeights = map[string]float64{"ner": 1, "cls": 1}
	plain, _ := toy(t, 1)
	run(t, heavy)
	run(t, plain)
	sameWeights(t, plain, heavy, "with weights of 1")

	light, _ := toy(t, 1)
	light.LossWeights = map[string]float64{"qa": 1e-3}
	history := run(t, light)
	if got, want := history.All[0].Train.GradNorm, plain.History().All[0].Train.GradNorm; !(got < want) {
		t.Errorf("mean gradient norm %v, want less than without weights, %v", got, want)
	}
	if got := history.All[0].Train.Losses[2].Value; got < 1 {
		t.Errorf("reported loss of qa is %v: it should be without its weight", got)
	}
	if light, plain := weightsOf(t, light), weightsOf(t, plain); light["backbone.transformer.layer.0.ffn.lin1.weight"] == plain["backbone.transformer.layer.0.ffn.lin1.weight"] {
		t.Error("the weight changes nothing")
	}
}

func TestEarlyStoppingEndsARun(t *testing.T) {
	tr, out := toy(t, 50)
	tr.Patience, tr.LearningRate = 2, 1e-30 // nothing changes, so nothing improves
	history := run(t, tr)
	if history.Completed != 3 || !history.StoppedEarly || history.Best != 1 {
		t.Errorf("%d epochs, stopped early %v, best %d; want 3, true, 1", history.Completed, history.StoppedEarly, history.Best)
	}
	if !strings.Contains(out.String(), "no improvement in 2 validations; the best was in epoch 1") {
		t.Errorf("printed %q", out)
	}
}

// ignore makes a label one that teaches nothing.
func ignore(kind tasks.Kind, label datasets.Label) {
	for j := range label.Classes {
		label.Classes[j] = tasks.IgnoreToken
		if kind == tasks.MultiClass {
			label.Classes[j] = tasks.IgnoreClass
		}
	}
	for _, flags := range label.Flags {
		for j := range flags {
			flags[j] = tasks.IgnoreClass
		}
	}
}

// A batch without any label leaves the weights as they are.
func TestIgnoredBatchesChangeNothing(t *testing.T) {
	tr, _ := toy(t, 1)
	for _, l := range tr.Train {
		for i := range l.Examples {
			ignore(l.Tasks[0].Kind, l.Examples[i].Labels[0])
		}
	}
	before := weightsOf(t, tr)
	run(t, tr)
	for name, data := range weightsOf(t, tr) {
		if data != before[name] {
			t.Errorf("%s changed", name)
		}
	}
}

func TestInfiniteLossStopsTheRun(t *testing.T) {
	tr, _ := toy(t, 1)
	p, ok := tr.Model.Params().Get("backbone.embeddings.word_embeddings.weight")
	if !ok {
		t.Fatal("no word embeddings")
	}
	n := p.Numel()
	bad := make([]byte, 4*n)
	for i := range bad {
		bad[i] = 0xff // NaN
	}
	if err := torchx.SetBytes(p, bad, gotch.Float, []int64{vocabSize, 16}); err != nil {
		t.Fatal(err)
	}
	_, err := tr.build(t).Run(context.Background())
	if !errors.Is(err, ErrNotFinite) {
		t.Fatalf("error %v, want ErrNotFinite", err)
	}
	for _, part := range []string{"epoch 1, step 1", "records ["} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q doesn't say %q", err, part)
		}
	}
}

func TestFailedSaveEndsTheRun(t *testing.T) {
	tr, _ := toy(t, 3)
	full := errors.New("disk full")
	tr.save = func(*History) error { return full }
	if history, err := tr.build(t).Run(context.Background()); !errors.Is(err, full) || len(history.All) != 1 {
		t.Errorf("%d validations, error %v", len(history.All), err)
	}
}
