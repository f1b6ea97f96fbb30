package trainer

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// What no run can have is refused by its field's name, before anything is made.
func TestRefusedTrainers(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(*toyTrainer)
		want  []string
	}{
		{"no model", func(tr *toyTrainer) { tr.Model = nil }, []string{"Deps.Model is nil"}},
		{"two objectives", func(tr *toyTrainer) { tr.Objective = multitask{Model: tr.Model} }, []string{"Deps.Model and Deps.Objective are both set"}},
		{"an objective with another's teachers", func(tr *toyTrainer) {
			tr.Model, tr.Objective = nil, multitask{Model: tr.Model}
			tr.Distill = map[string]Distillation{"ner": {}}
		}, []string{"Settings.Distill is set"}},
		{"no training sets", func(tr *toyTrainer) { tr.Train = nil }, []string{"Deps.Train is empty"}},
		{"patience, but nothing to validate on", func(tr *toyTrainer) { tr.Val = nil }, []string{"Deps.Val is empty", "Settings.Patience"}},
		{"a set without examples", func(tr *toyTrainer) { tr.Val[1].Examples = nil }, []string{"Deps.Val[1] has 1 tasks and 0 examples"}},
		{"an example without labels", func(tr *toyTrainer) { tr.Train[1].Examples[2].Labels = nil }, []string{"Deps.Train[1].Examples[2]: record 3 has labels for 0 tasks"}},
		{"a class without a label", func(tr *toyTrainer) { tr.Val[1].Examples[0].Labels[0].Classes[1] = 2 }, []string{"Deps.Val[1].Examples[0]: record 1", `head "sub" has class 2, but 2 labels`}},
		{"a model that was dropped", func(tr *toyTrainer) { tr.Model.Params().Drop() }, []string{"the model was dropped"}},
		{"a set without a batch size", func(tr *toyTrainer) { tr.Train[2].BatchSize = 0 }, []string{"Deps.Train[2]", "batches of 0"}},
		{"no observer", func(tr *toyTrainer) { tr.Observers = append(tr.Observers, nil) }, []string{"Deps.Observers[1] is nil"}},
		{"epochs", func(tr *toyTrainer) { tr.Epochs = -1 }, []string{"Settings.Epochs is -1: it must be 0 or more"}},
		{"two fields", func(tr *toyTrainer) { tr.LearningRate, tr.MaxGradNorm = -1, math.NaN() }, []string{"Settings.LearningRate is -1", "; Settings.MaxGradNorm is NaN"}},
		{"weight decay", func(tr *toyTrainer) { tr.WeightDecay = math.Inf(1) }, []string{"Settings.WeightDecay is +Inf"}},
		{"warm-up", func(tr *toyTrainer) { tr.WarmupRatio = 1.5 }, []string{"Settings.WarmupRatio is 1.5: it must be from 0 to 1"}},
		{"saving", func(tr *toyTrainer) { tr.SaveEvery = -1 }, []string{"Settings.SaveEvery is -1ns"}},
		{"loss weight of no task", func(tr *toyTrainer) { tr.LossWeights = map[string]float64{"risk": 1} }, []string{`Settings.LossWeights is for "risk"`, "ner, cls, qa"}},
		{"negative loss weight", func(tr *toyTrainer) { tr.LossWeights = map[string]float64{"qa": -2} }, []string{`Settings.LossWeights["qa"] is -2`}},
		{"teacher of no task", func(tr *toyTrainer) { tr.Distill = map[string]Distillation{"risk": {}} }, []string{`Settings.Distill is for "risk"`}},
		{"no temperature", func(tr *toyTrainer) { tr.Distill = map[string]Distillation{"ner": {Alpha: 0.5}} }, []string{`Settings.Distill["ner"].Temperature is 0`}},
		{"no teacher", func(tr *toyTrainer) { tr.Distill = map[string]Distillation{"ner": {HiddenWeight: 1}} }, []string{`Settings.Distill["ner"].Teacher is nil`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr, _ := toy(t, 1)
			test.spoil(tr)
			_, err := New(tr.Settings, tr.Deps)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q doesn't say %q", err, part)
				}
			}
		})
	}
}

// Without sets to validate on the latest weights are the best.
func TestWithoutValidation(t *testing.T) {
	tr, _ := toy(t, 3)
	tr.Val, tr.Patience = nil, 0
	var saved []int
	tr.save = func(h *History) error {
		saved = append(saved, h.Best)
		return nil
	}
	if h := run(t, tr); h.Best != 3 || len(saved) != 3 {
		t.Errorf("best is epoch %d, saved %v; want 3, and all", h.Best, saved)
	}
}

// A run's steps are those that Step makes, and Step leaves the run's progress alone.
func TestStepIsTheRuns(t *testing.T) {
	whole, _ := toy(t, 1)
	run(t, whole)

	by, _ := toy(t, 1)
	stepper := by.build(t)
	for i, ref := range datasets.Alternate(by.Train, by.Sampling, stepSeed(by.Seed, 1, -1)) {
		o := StepOptions{Rate: stepper.Plan().Schedule.Rate(i), Seed: stepSeed(by.Seed, 1, i)}
		if r, err := stepper.Step(context.Background(), ref.Batch(), o); err != nil || len(r.Losses) != 1 || !(r.Norm > 0) {
			t.Fatalf("step %d: %+v, %v", i+1, r, err)
		}
	}
	sameWeights(t, whole, by, "from the run's")
	if p := stepper.Progress(); p.Step != 0 {
		t.Errorf("the run is at step %d", p.Step)
	}
}

// eventLog is an observer that writes down what it is told.
type eventLog struct {
	BaseObserver
	events []string
}

func (e *eventLog) add(event string)                     { e.events = append(e.events, event) }
func (e *eventLog) EpochBegin(Epoch)                     { e.add("epoch begins") }
func (e *eventLog) EpochEnd()                            { e.add("epoch ends") }
func (e *eventLog) IntervalEnd(Trained)                  { e.add("interval") }
func (e *eventLog) EvaluationBegin(int)                  { e.add("evaluation begins") }
func (e *eventLog) EvaluationEnd()                       { e.add("evaluation ends") }
func (e *eventLog) Evaluated(Evaluation, bool)           { e.add("evaluated") }
func (e *eventLog) CheckpointSaved()                     { e.add("saved") }
func (e *eventLog) LogMetrics(int64, map[string]float64) { e.add("metrics") }
func (e *eventLog) EarlyStopped(int, int)                { e.add("stopped") }

func TestOrderOfEvents(t *testing.T) {
	tr, _ := toy(t, 50)
	tr.Patience, tr.LearningRate = 1, 1e-30 // nothing changes, so nothing improves
	log := &eventLog{}
	tr.Observers = append(tr.Observers, log)
	tr.saveState = func() error { log.add("state"); return nil }
	tr.save = func(*History) error { log.add("best"); return nil }
	run(t, tr)
	want := "epoch begins, interval, evaluation begins, evaluation ends, evaluated, state, best, saved, metrics, epoch ends, " +
		"epoch begins, interval, evaluation begins, evaluation ends, evaluated, metrics, state, stopped, epoch ends"
	if got := strings.Join(log.events, ", "); got != want {
		t.Errorf("events\n%s\nwant\n%s", got, want)
	}
}

// What Step, Evaluate and Resume can't use is an error; the weights stay.
func TestRefusedCalls(t *testing.T) {
	tr, _ := toy(t, 1)
	same, _ := toy(t, 1)
	built := tr.build(t)
	batch := tr.Train[0].Ordered()[0].Batch()
	for _, rate := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := built.Step(t.Context(), batch, StepOptions{Rate: rate}); err == nil || !strings.Contains(err.Error(), "StepOptions.Rate is") {
			t.Errorf("rate %v: error %v", rate, err)
		}
	}
	sameWeights(t, tr, same, "without a step from the")
	bad := datasets.Loader{Tasks: tr.Val[0].Tasks, Examples: tr.Val[0].Examples}
	if _, err := built.Evaluate(t.Context(), []datasets.Loader{bad}); err == nil || !strings.Contains(err.Error(), "loaders[0]") {
		t.Errorf("batches of 0: error %v", err)
	}
	if err := built.Resume(State{}); err == nil || !strings.Contains(err.Error(), "ReadState") {
		t.Errorf("empty state: error %v", err)
	}
	built.Drop()
	_, runErr := built.Run(t.Context())
	_, stepErr := built.Step(t.Context(), batch, StepOptions{})
	_, evaluateErr := built.Evaluate(t.Context(), tr.Val)
	for call, err := range map[string]error{"Run": runErr, "Step": stepErr, "Evaluate": evaluateErr, "Resume": built.Resume(State{}), "SaveState": built.SaveState(t.TempDir(), State{})} {
		if err == nil || !strings.Contains(err.Error(), "the trainer was dropped: make another") {
			t.Errorf("%s after Drop: error %v", call, err)
		}
	}
	other := same.build(t)
	same.Model.Params().Drop()
	if _, err := other.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the model was dropped") {
		t.Errorf("Run without its model: error %v", err)
	}
	NewConsole(nil, nil).EpochBegin(Epoch{Number: 1, Of: 1, Steps: 1})
}
