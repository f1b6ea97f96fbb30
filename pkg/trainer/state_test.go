package trainer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// errStop ends a run where a test wants it to end.
var errStop = errors.New("stop here")

// readBack reads the newest state in dir, which must be whole.
func readBack(t *testing.T, dir string) State {
	t.Helper()
	state, damaged, err := ReadState(dir)
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	return state
}

// timeless is a history without what clocks say.
func timeless(h *History) History {
	so := *h
	so.All = slices.Clone(h.All)
	for i := range so.All {
		so.All[i].Train.Seconds = 0
	}
	return so
}

// timelessLog are tracked metrics without what clocks say.
func timelessLog(log metricsLog) metricsLog {
	so := metricsLog{}
	for step, values := range log {
		values = maps.Clone(values)
		maps.DeleteFunc(values, func(name string, _ float64) bool { return strings.HasPrefix(name, "throughput/") })
		so[step] = values
	}
	return so
}

// resumable is a trainer that stores its state in dir.
func resumable(t *testing.T, dir string, set func(*toyTrainer)) *toyTrainer {
	t.Helper()
	tr, _ := toy(t, 3)
	set(tr)
	tr.saveState = func() error {
		return tr.Trainer.SaveState(dir, State{Settings: map[string]string{"a": "b"}, RunID: "r"})
	}
	return tr
}

// stoppingModel ends a context after so many passes of the encoder, wherever
// the run then is.
type stoppingModel struct {
	*fusion.Model
	passes int
	stop   func()
}

func (m *stoppingModel) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	if m.passes--; m.passes == 0 {
		m.stop()
	}
	return m.Model.Hidden(s, b)
}

// A run that is stopped after any pass through the model, in training or
// validation, keeps its state, and goes on as if nothing had been.
func TestResumedEqualsUninterrupted(t *testing.T) {
	for name, set := range map[string]func(*toyTrainer){
		"by epochs":  func(*toyTrainer) {},
		"by 8 steps": func(tr *toyTrainer) { tr.EvalSteps = 8 },
		"in parts":   func(tr *toyTrainer) { tr.AccumulationSteps = 3 },
		"by norms":   func(tr *toyTrainer) { tr.Balance = BalanceGradientNorm },
		"uncertain":  func(tr *toyTrainer) { tr.Balance = BalanceUncertainty },
		"mixed": func(tr *toyTrainer) {
			tr.MixTasks, tr.Balance, tr.AccumulationSteps, tr.ClipPerTask = true, BalanceGradientNorm, 3, true
		},
		"teachers that fall": func(tr *toyTrainer) {
			teachEvery(tr)
			inFewSteps(tr, 7)
			tr.Distill = distill(Distillation{Alpha: 1, Temperature: 1, AnnealingRatio: 0.7, SoftWeight: 0.5})
			tr.AccumulationSteps = 2
		},
		"teachers that fall, mixed": func(tr *toyTrainer) {
			teachEvery(tr)
			inFewSteps(tr, 7)
			tr.Distill = distill(Distillation{Alpha: 0.9, Temperature: 2, AnnealingRatio: 1, SoftWeight: 1})
			tr.MixTasks, tr.Balance, tr.EvalSteps = true, BalanceLogClasses, 5
		},
		"by norms, in bf16": func(tr *toyTrainer) { tr.Balance, tr.BF16 = BalanceGradientNorm, true },
		"annealed":          func(tr *toyTrainer) { tr.Sampling.Annealed, tr.Balance = true, BalanceLogClasses },
		"with knobs": func(tr *toyTrainer) {
			tr.HeadLearningRate, tr.LayerDecay, tr.NoDecayOnVectors, tr.Scheduler = 1e-2, 0.5, true, Cosine
			m := tr.Model.(*fusion.Model)
			m.SetCheckpointing(true)
			if err := errors.Join(m.Freeze(backbone.Frozen{Embeddings: true}), m.SetLabelSmoothing(0.1)); err != nil {
				t.Fatal(err)
			}
		},
		"by loss, stopped": func(tr *toyTrainer) { tr.EvalSteps, tr.Best, tr.Patience, tr.MinDelta = 4, BestLoss, 2, 0.2 },
	} {
		t.Run(name, func(t *testing.T) {
			want, saved := metricsLog{}, 0
			whole := resumable(t, filepath.Join(t.TempDir(), "whole"), set)
			whole.log = want
			whole.save = func(h *History) error { saved = h.Best; return nil }
			history := run(t, whole)
			if name == "by loss, stopped" && !history.StoppedEarly {
				t.Fatal("the run isn't stopped early")
			}

			dir := filepath.Join(t.TempDir(), "states")
			got, stops, best := metricsLog{}, 0, 0
			for {
				tr := resumable(t, dir, set)
				tr.log = got
				tr.save = func(h *History) error { best = h.Best; return nil }
				ctx, cancel := context.WithCancel(context.Background())
				tr.Model = &stoppingModel{tr.Model.(*fusion.Model), (5 + 3*stops%17) * max(1, tr.AccumulationSteps), cancel}
				if stops > 0 {
					if err := tr.build(t).Resume(readBack(t, dir)); err != nil {
						t.Fatal(err)
					}
				}
				h, err := tr.build(t).Run(ctx)
				cancel()
				if err == nil {
					if !reflect.DeepEqual(timeless(h), timeless(history)) {
						t.Errorf("history %+v; uninterrupted %+v", h, history)
					}
					sameWeights(t, whole, tr, "from the uninterrupted run's")
					break
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if stops++; stops > 200 {
					t.Fatal("no end")
				}
				if tr.SavedStep() != tr.Progress().Step {
					t.Errorf("stopped after step %d, state of step %d", tr.Progress().Step, tr.SavedStep())
				}
			}
			if stops < 5 {
				t.Errorf("only %d stops", stops)
			}
			if !reflect.DeepEqual(timelessLog(got), timelessLog(want)) {
				t.Errorf("tracked %v; uninterrupted %v", got, want)
			}
			if best != saved {
				t.Errorf("saved validation %d at last; uninterrupted %d", best, saved)
			}
		})
	}
}

// A run that ends between storing the state and saving the best weights saves
// them when it is resumed, before anything else.
func TestBestIsSavedAfterAll(t *testing.T) {
	dir := t.TempDir()
	first := resumable(t, dir, func(*toyTrainer) {})
	first.save = func(*History) error { return errStop }
	if _, err := first.build(t).Run(context.Background()); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	second := resumable(t, dir, func(*toyTrainer) {})
	if err := second.build(t).Resume(readBack(t, dir)); err != nil {
		t.Fatal(err)
	}
	log := second.log
	var steps []int
	second.save = func(*History) error {
		steps = append(steps, second.Progress().Step)
		if len(steps) == 1 {
			sameWeights(t, first, second, "from those that were the best")
		}
		return nil
	}
	h := run(t, second)
	if steps[0] != second.Plan().StepsPerEpoch {
		t.Errorf("saved after steps %v", steps)
	}
	for i, e := range h.All {
		if got := log[int64(i+1)]; got["val/avg"] != e.Average || got["best/avg_val"] == 0 {
			t.Errorf("tracked of validation %d: %v", i+1, got)
		}
	}
}

func TestWhenStatesAreStored(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(*toyTrainer)
		want []int
	}{
		"each epoch":    {func(*toyTrainer) {}, []int{21, 42, 63}},
		"each 10 steps": {func(tr *toyTrainer) { tr.SaveSteps = 10 }, []int{10, 20, 21, 30, 40, 42, 50, 60, 63}},
		"all the time":  {func(tr *toyTrainer) { tr.SaveEvery = 1; tr.Train = toyLoaders(toyTasks()[:1], 10) }, []int{1, 2, 3, 4, 5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			tr, _ := toy(t, 3)
			test.set(tr)
			var steps []int
			tr.saveState = func() error { steps = append(steps, tr.Progress().Step); return nil }
			run(t, tr)
			if !slices.Equal(steps, test.want) {
				t.Errorf("stored after steps %v, want %v", steps, test.want)
			}
		})
	}
}

func TestLastTwoStates(t *testing.T) {
	dir := t.TempDir()
	tr := resumable(t, dir, func(tr *toyTrainer) { tr.SaveSteps = 10 })
	run(t, tr)
	names, err := listStates(dir)
	if err != nil || !slices.Equal(names, []string{"state-000009", "state-000008"}) {
		t.Fatalf("states %v, %v", names, err)
	}
	if state := readBack(t, dir); state.Progress.Step != 63 || state.RunID != "r" || state.Settings["a"] != "b" {
		t.Errorf("newest state %+v", state)
	}
	for _, damage := range []func(path string) error{
		func(path string) error { return os.Truncate(filepath.Join(path, tensorsFile), 1000) },
		func(path string) error { return flip(filepath.Join(path, tensorsFile), 5000) },
		func(path string) error { return flip(filepath.Join(path, stateFile), 20) },
		func(path string) error { return os.Remove(filepath.Join(path, tensorsFile)) },
		func(path string) error { return os.Remove(filepath.Join(path, sumsFile)) },
		func(path string) error { return os.WriteFile(filepath.Join(path, sumsFile), []byte("nonsense"), 0o600) },
	} {
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := damage(filepath.Join(copied, "state-000009")); err != nil {
			t.Fatal(err)
		}
		state, damaged, err := ReadState(copied)
		if err != nil || state.Progress.Step != 60 || len(damaged) != 1 || !strings.Contains(damaged[0].Error(), "state-000009") {
			t.Fatalf("state after step %d, %v, %v", state.Progress.Step, damaged, err)
		}
		again := resumable(t, copied, func(tr *toyTrainer) { tr.SaveSteps = 10 })
		if err := again.build(t).Resume(state); err != nil {
			t.Fatal(err)
		}
		run(t, again)
		sameWeights(t, tr, again, "when resumed from the state before")
		if err := damage(filepath.Join(copied, "state-000008")); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(flip(filepath.Join(dir, "state-000009", stateFile), 9), flip(filepath.Join(dir, "state-000008", stateFile), 9)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadState(dir); !errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), "state-000008") || !strings.Contains(err.Error(), "state-000009") {
		t.Errorf("error %v", err)
	}
}

// flip changes a bit of a file.
func flip(path string, at int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[at] ^= 1
	return os.WriteFile(path, data, 0o600)
}

func TestNoState(t *testing.T) {
	if _, _, err := ReadState(t.TempDir()); !errors.Is(err, ErrNoState) {
		t.Errorf("error %v, want ErrNoState", err)
	}
}

// Before the first step a state is small, and the run the same.
func TestStateOfTheBeginning(t *testing.T) {
	dir := t.TempDir()
	first := resumable(t, dir, func(*toyTrainer) {})
	if err := first.build(t).checkpointer.SaveState(context.Background(), first.Trainer); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "state-000001")); err != nil || len(entries) != 2 {
		t.Errorf("files %v, %v", entries, err)
	}
	second := resumable(t, dir, func(*toyTrainer) {})
	if err := second.build(t).Resume(readBack(t, dir)); err != nil {
		t.Fatal(err)
	}
	run(t, first)
	run(t, second)
	sameWeights(t, first, second, "when resumed from the beginning")
}

// Batches of another size make epochs of another length: the run goes on after
// the last complete one.
func TestResumeWithOtherEpochs(t *testing.T) {
	dir := t.TempDir()
	first := resumable(t, dir, func(tr *toyTrainer) { tr.SaveSteps = 10 })
	first.save = func(h *History) error {
		if h.Completed == 2 {
			return errStop
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	first.Model = &stoppingModel{first.Model.(*fusion.Model), 21 + 9 + 11, cancel}
	if _, err := first.build(t).Run(ctx); !errors.Is(err, context.Canceled) || first.Progress().Step != 32 {
		t.Fatal(err, first.Progress().Step)
	}
	second := resumable(t, dir, func(tr *toyTrainer) {
		for i := range tr.Train {
			tr.Train[i].BatchSize = 8
		}
	})
	if err := second.build(t).Resume(readBack(t, dir)); err != nil {
		t.Fatal(err)
	}
	if p := second.Progress(); p.Step != 12 || p.PerEpoch != 12 {
		t.Errorf("goes on after step %d of %d an epoch", p.Step, p.PerEpoch)
	}
	if h := run(t, second); !slices.Equal(stepsOf(h), []int{21, 24, 36}) || h.All[1].Train.Samples != 3*32 {
		t.Errorf("validated after steps %v", stepsOf(h))
	}
}

// Weights that are no numbers are never stored.
func TestNaNWeightsAreNotStored(t *testing.T) {
	dir := t.TempDir()
	tr := resumable(t, dir, func(tr *toyTrainer) { tr.SaveSteps = 10 })
	save := tr.saveState
	tr.saveState = func() error {
		if tr.Progress().Step == 20 {
			spoil(t, tr.Model, "ner_classifier.bias", math.Float32bits(float32(math.Inf(-1))))
		}
		return save()
	}
	_, err := tr.build(t).Run(context.Background())
	if !errors.Is(err, ErrNotFinite) || !strings.Contains(fmt.Sprint(err), "ner_classifier.bias") {
		t.Errorf("error %v", err)
	}
	if step := readBack(t, dir).Progress.Step; step != 10 || tr.SavedStep() != 10 {
		t.Errorf("saved state of step %d, %d", step, tr.SavedStep())
	}

	saved := false
	tr, _ = toy(t, 1)
	tr.BF16 = true
	tr.save = func(*History) error { saved = true; return nil }
	tr.Val, tr.Patience = nil, 0 // validation would notice
	tr.Model = &spoilingModel{Model: tr.Model, after: 21, spoil: func() { spoil(t, tr.Model, "ner_classifier.bias", 0x7fc0_0000) }}
	if _, err := tr.build(t).Run(context.Background()); !errors.Is(err, ErrNotFinite) || saved {
		t.Errorf("error %v, saved %v", err, saved)
	}
}

// spoil sets the first value of a parameter.
func spoil(t *testing.T, m Model, name string, bits uint32) {
	t.Helper()
	p, found := m.Params().Get(name)
	if !found {
		t.Fatalf("no %s", name)
	}
	data, err := torchx.Bytes(p)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		data[i] = byte(bits >> (8 * i))
	}
	shape, err := p.Size()
	if err != nil {
		t.Fatal(err)
	}
	if err := torchx.SetBytes(p, data, gotch.Float, shape); err != nil {
		t.Fatal(err)
	}
}
