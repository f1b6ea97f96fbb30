package trainer

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

func TestBest(t *testing.T) {
	average := func(e Evaluation) float64 { return e.Average }
	for _, test := range []struct {
		by    string
		score func(Evaluation) float64 // more is better
	}{
		{"", average},
		{BestAverage, average},
		{BestLoss, func(e Evaluation) float64 {
			var total float64
			for _, s := range e.Val {
				total += s.Loss
			}
			return -total
		}},
		{"val/loss_cls", func(e Evaluation) float64 { return -e.Val[1].Loss }},
		{"val_ner/entity_f1", func(e Evaluation) float64 { return e.Val[0].Headline().Value }},
		{"val_ner/token_weighted_f1", func(e Evaluation) float64 { return e.Val[0].figure(t, "token_weighted_f1") }},
		{"val_ner/f1_AGE", func(e Evaluation) float64 { return e.Val[0].figure(t, "f1_AGE") }},
	} {
		t.Run(test.by, func(t *testing.T) {
			tr, _ := toy(t, 8)
			tr.Best, tr.LearningRate, tr.Patience = test.by, 2e-2, 0
			var saved []int
			tr.save = func(h *History) error {
				saved = append(saved, h.Best)
				return nil
			}
			log := tr.log
			h := run(t, tr)
			best := 0
			var want []int
			for i, e := range h.All {
				if i == 0 || test.score(e) > test.score(h.All[best]) {
					best = i
					want = append(want, i+1)
				}
				if math.Abs(e.Score) != math.Abs(test.score(e)) {
					t.Errorf("validation %d has score %v, want %v", i+1, e.Score, test.score(e))
				}
			}
			if h.Best != best+1 || !slices.Equal(saved, want) {
				t.Errorf("best is %d, saved at %v; want %d, %v", h.Best, saved, best+1, want)
			}
			if h.Best == 1 {
				t.Error("the first is the best: nothing was compared")
			}
			if e, found := h.BestEvaluation(); !found || e.Epoch != h.Best || log[8]["best/score"] != e.Score || log[8]["best/avg_val"] != e.Average || log[8]["early_stop/best_avg"] != e.Average {
				t.Errorf("best evaluation %+v, %v; tracked %v, %v", e, found, log[8]["best/score"], log[8]["best/avg_val"])
			}
		})
	}
}

func TestUnknownBest(t *testing.T) {
	tr, _ := toy(t, 2)
	tr.Best = "val_ner/accuracy"
	_, err := New(tr.Settings, tr.Deps)
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"Settings.Best", `no figure "val_ner/accuracy"`, "val/avg, ", "val_ner/entity_f1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q doesn't say %q", err, part)
		}
	}
}

func TestLowerIsBetter(t *testing.T) {
	for figure, want := range map[string]bool{
		BestLoss: true, "val/loss": true, "val/loss_ner": true, "val_mlm/perplexity": true,
		BestAverage: false, "val/avg": false, "val/mlm_acc": false, "val_mlm/masked_accuracy": false, "val_ner/f1_LOCATION": false,
	} {
		if got := lowerIsBetter(figure); got != want {
			t.Errorf("%s: %v, want %v", figure, got, want)
		}
	}
}

func TestNoPatienceNeverStops(t *testing.T) {
	tr, _ := toy(t, 5)
	tr.Patience, tr.LearningRate = 0, 1e-30 // nothing changes, so nothing improves
	if h := run(t, tr); h.Completed != 5 || h.StoppedEarly {
		t.Errorf("%d epochs, stopped early %v", h.Completed, h.StoppedEarly)
	}
}

// The score improves, but never by as much as MinDelta asks for.
func TestMinDelta(t *testing.T) {
	for _, test := range []struct {
		delta  float64
		epochs int
	}{{0, 4}, {1e6, 3}} {
		tr, _ := toy(t, 4)
		tr.Best, tr.Patience, tr.MinDelta = BestLoss, 2, test.delta
		h := run(t, tr)
		if h.Completed != test.epochs || h.StoppedEarly != (test.epochs == 3) {
			t.Errorf("min delta %g: %d epochs, stopped early %v; want %d", test.delta, h.Completed, h.StoppedEarly, test.epochs)
		}
		if h.Best != test.epochs { // what falls by less is still the best to keep
			t.Errorf("min delta %g: best is %d of %d", test.delta, h.Best, len(h.All))
		}
	}
}

func TestValidationLoss(t *testing.T) {
	for name, val := range map[string][]datasets.Loader{
		"sets of their own": toyLoaders(toyTasks(), 12),
		"a shared set":      {toySet(toyTasks(), 12)},
	} {
		t.Run(name, func(t *testing.T) { validationLoss(t, val) })
	}
}

func validationLoss(t *testing.T, val []datasets.Loader) {
	tr, _ := toy(t, 1)
	tr.Val = val
	log := tr.log
	h := run(t, tr)
	losses := map[string]*mean{"ner": {}, "cls": {}, "qa": {}}
	for _, l := range val {
		for _, ref := range l.Ordered() {
			b := ref.Batch()
			for _, part := range b.Parts {
				s := torchx.Inference(gotch.CPU)
				hidden, mask := tr.Model.Hidden(s, b)
				losses[part.Task].add(s.Value(tr.Model.Loss(s, b, part, tr.Model.Logits(s, part.Task, hidden, mask))))
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var total float64
	for i, task := range toyTasks() {
		want := losses[task.Name].value()
		near(t, "validation loss of "+task.Name, h.All[0].Val[i].Loss, want)
		near(t, "tracked loss of "+task.Name, log[1]["val/loss_"+task.Name], want)
		total += want
	}
	near(t, "tracked loss", log[1]["val/loss"], total)
}

// A resumed run goes on waiting where it stopped.
func TestPatienceSurvivesAResume(t *testing.T) {
	dir := t.TempDir()
	first, _ := toy(t, 50)
	first.Patience, first.LearningRate = 3, 1e-30
	full := errors.New("stop here")
	first.saveState = func() error {
		if err := first.Trainer.SaveState(dir, State{}); err != nil || first.History().Completed == 2 {
			return errors.Join(full, err)
		}
		return nil
	}
	if _, err := first.build(t).Run(context.Background()); !errors.Is(err, full) {
		t.Fatal(err)
	}
	state := readBack(t, dir)
	second, _ := toy(t, 50)
	second.Patience, second.LearningRate = 3, 1e-30
	if err := second.build(t).Resume(state); err != nil {
		t.Fatal(err)
	}
	if h := run(t, second); h.Completed != 4 || !h.StoppedEarly {
		t.Errorf("%d epochs, stopped early %v; want 4, true", h.Completed, h.StoppedEarly)
	}
}
