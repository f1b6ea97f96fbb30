package trainer

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// faultyModel breaks the numbers of chosen training steps, counted from 1.
type faultyModel struct {
	Model
	step int
	loss map[int]float64 // factors of the loss
	hide map[int]error   // errors of the encoder
}

func (m *faultyModel) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	if s.Training() {
		m.step++
		if err := m.hide[m.step]; err != nil {
			s.Fail(err)
		}
	}
	return m.Model.Hidden(s, b)
}

func (m *faultyModel) Loss(s *torchx.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor {
	loss := m.Model.Loss(s, b, part, logits)
	if factor, bad := m.loss[m.step]; bad && s.Training() {
		return s.Scale(loss, factor)
	}
	return loss
}

// spoilingModel calls spoil after so many training steps, before what follows.
type spoilingModel struct {
	Model
	after int
	spoil func()
}

func (m *spoilingModel) Loss(s *torchx.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor {
	loss := m.Model.Loss(s, b, part, logits)
	if m.after--; m.after == 0 {
		m.spoil()
	}
	return loss
}

// Steps with a loss or gradient that is no finite number are left out, as if
// their batches taught nothing; they are counted.
func TestBadStepsAreSkipped(t *testing.T) {
	tr, out := toy(t, 2)
	tr.MaxBadSteps = 3
	log := tr.log
	var before map[string]string
	watched := &watchingModel{Model: tr.Model, at: map[int]func(){
		4: func() { before = weightsOf(t, tr) },
		6: func() {
			for name, data := range weightsOf(t, tr) {
				if data != before[name] {
					t.Errorf("%s changed in a skipped step", name)
				}
			}
		},
	}}
	// A factor of 1e38 leaves the loss finite, but not its gradient's norm.
	tr.Model = &faultyModel{Model: watched, loss: map[int]float64{4: math.NaN(), 5: math.Inf(1), 7: 1e38, 22: math.NaN()}}
	h := run(t, tr)
	if h.All[0].Train.Skipped != 3 || h.All[1].Train.Skipped != 1 || log[1]["train/skipped_steps"] != 3 || log[2]["train/skipped_steps"] != 1 {
		t.Errorf("skipped %d, %d; tracked %v, %v; want 3 and 1", h.All[0].Train.Skipped, h.All[1].Train.Skipped, log[1]["train/skipped_steps"], log[2]["train/skipped_steps"])
	}
	if !numbers.Finite(h.All[1].Train.Loss) || !numbers.Finite(h.All[0].Train.GradNorm) {
		t.Errorf("mean losses %v, gradient norms %v", h.All[1].Train.Loss, h.All[0].Train.GradNorm)
	}
	if got := strings.Count(out.String(), "[Skipped: epoch "); got != 2 || !strings.Contains(out.String(), "skipped steps: 3") {
		t.Errorf("%d warnings, want one for each epoch:\n%s", got, out)
	}
}

// watchingModel calls functions before training steps, counted from 1.
type watchingModel struct {
	Model
	step int
	at   map[int]func()
}

func (m *watchingModel) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	if s.Training() {
		m.step++
		if look := m.at[m.step]; look != nil {
			look()
		}
	}
	return m.Model.Hidden(s, b)
}

// Too many in a row end the run; the state before them is kept.
func TestBadStepsInARow(t *testing.T) {
	dir := t.TempDir()
	faults := map[int]float64{3: math.NaN(), 6: math.NaN(), 7: math.NaN(), 8: math.NaN(), 9: math.NaN()}
	tr := resumable(t, dir, func(tr *toyTrainer) { tr.SaveSteps, tr.MaxBadSteps = 4, 4 })
	tr.Model = &faultyModel{Model: tr.Model, loss: faults}
	_, err := tr.build(t).Run(context.Background())
	if !errors.Is(err, ErrNotFinite) {
		t.Fatalf("error %v, want ErrNotFinite", err)
	}
	task := strings.TrimPrefix(err.Error(), "epoch 1, step 9 (a ")
	for _, part := range []string{"epoch 1, step 9 (a ", " batch of 5 × ", "records [", "loss of " + task[:2], "is NaN", "as in the 3 steps before", "training.learning_rate"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q doesn't say %q", err, part)
		}
	}
	if state := readBack(t, dir); state.Progress.Step != 8 || state.Progress.Bad != 3 || tr.SavedStep() != 8 {
		t.Errorf("state of step %d with %d bad steps, %d", state.Progress.Step, state.Progress.Bad, tr.SavedStep())
	}

	// The count goes on where it stopped.
	again := resumable(t, dir, func(tr *toyTrainer) { tr.MaxBadSteps = 4 })
	again.Model = &faultyModel{Model: again.Model, loss: map[int]float64{1: math.NaN()}}
	if err := again.build(t).Resume(readBack(t, dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := again.build(t).Run(context.Background()); !errors.Is(err, ErrNotFinite) {
		t.Errorf("error %v, want ErrNotFinite", err)
	}
}

func TestOutOfMemory(t *testing.T) {
	_, torch := ts.Zeros([]int64{1 << 44}, gotch.Float, gotch.CPU) // 64 TiB
	if torch == nil {
		t.Fatal("this machine has too much memory")
	}
	for name, fault := range map[string]error{
		"CPU":  torch,
		"CUDA": errors.New("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 78 GiB"),
		"C++":  errors.New("std::bad_alloc"),
	} {
		dir := t.TempDir()
		tr := resumable(t, dir, func(tr *toyTrainer) { tr.SaveSteps = 4 })
		tr.Model = &faultyModel{Model: tr.Model, hide: map[int]error{6: fault}}
		_, err := tr.build(t).Run(context.Background())
		if !errors.Is(err, ErrOutOfMemory) {
			t.Errorf("%s: error %v, want ErrOutOfMemory", name, err)
			continue
		}
		for _, part := range []string{"epoch 1, step 6 (a ", " batch of 5 × ", "training.batch_size", "tokenizer.max_length"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %q doesn't say %q", name, err, part)
			}
		}
		if step := readBack(t, dir).Progress.Step; step != 4 {
			t.Errorf("%s: state of step %d is kept, want 4", name, step)
		}
	}
}
