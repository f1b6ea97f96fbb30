package trainer

import (
	"slices"
	"strings"
	"testing"
)

// Each of these runs has 21 steps an epoch.
func TestEvalSteps(t *testing.T) {
	for _, test := range []struct {
		every, epochs int
		steps, epoch  []int
	}{
		{0, 2, []int{21, 42}, []int{1, 2}},
		{8, 2, []int{8, 16, 24, 32, 40, 42}, []int{1, 1, 2, 2, 2, 2}},
		{7, 1, []int{7, 14, 21}, []int{1, 1, 1}},
		{100, 1, []int{21}, []int{1}},
	} {
		tr, out := toy(t, test.epochs)
		tr.EvalSteps = test.every
		tr.Patience = 0
		log := tr.log
		h := run(t, tr)
		var epochs []int
		axis := map[int64]bool{}
		for _, e := range h.All {
			epochs = append(epochs, e.Epoch)
			x := int64(e.Step)
			if test.every == 0 {
				x = int64(e.Epoch)
			}
			axis[x] = true
			if got := log[x]["progress/step"]; got != float64(e.Step) {
				t.Errorf("every %d: progress at %d is step %v, want %d", test.every, x, got, e.Step)
			}
		}
		if !slices.Equal(stepsOf(h), test.steps) || !slices.Equal(epochs, test.epoch) || h.Completed != test.epochs {
			t.Errorf("every %d: validated after steps %v of epochs %v, completed %d; want %v, %v, %d",
				test.every, stepsOf(h), epochs, h.Completed, test.steps, test.epoch, test.epochs)
		}
		if len(log) != len(axis) {
			t.Errorf("every %d: metrics at %d points, want %d", test.every, len(log), len(axis))
		}
		if got := strings.Count(out.String(), "val  —"); got != len(test.steps) {
			t.Errorf("every %d: %d validations printed, want %d", test.every, got, len(test.steps))
		}
	}
}

// What training gave is counted from one validation to the next.
func TestTrainedBetweenValidations(t *testing.T) {
	tr, _ := toy(t, 1)
	tr.EvalSteps = 9
	h := run(t, tr)
	samples := 0
	for _, e := range h.All {
		samples += e.Train.Samples
		if want := tr.Plan().Schedule.Rate(e.Step - 1); e.Train.Rate != want {
			t.Errorf("learning rate at step %d is %v, want %v", e.Step, e.Train.Rate, want)
		}
	}
	if samples != 3*32 {
		t.Errorf("%d samples in an epoch of %d", samples, 3*32)
	}
	if h.All[0].Train.Loss == h.All[1].Train.Loss {
		t.Errorf("both parts have a mean loss of %v", h.All[0].Train.Loss)
	}
}

// Validating more often changes nothing of the training.
func TestValidationLeavesTrainingAlone(t *testing.T) {
	seldom, _ := toy(t, 2)
	often, _ := toy(t, 2)
	often.EvalSteps, often.Patience = 4, 0
	run(t, seldom)
	run(t, often)
	sameWeights(t, seldom, often, "when validated every 4 steps")
}

func TestEarlyStopInMidEpoch(t *testing.T) {
	tr, out := toy(t, 50)
	tr.EvalSteps, tr.Patience, tr.LearningRate = 4, 2, 1e-30 // nothing changes, so nothing improves
	saved := 0
	tr.saveState = func() error {
		saved++
		return nil
	}
	h := run(t, tr)
	if !slices.Equal(stepsOf(h), []int{4, 8, 12}) || !h.StoppedEarly || h.Completed != 0 || h.Best != 1 || saved != 2 { // the best, and the end
		t.Errorf("validated after %v, stopped early %v, completed %d, best %d, state saved %d times; want [4 8 12], true, 0, 1, 2",
			stepsOf(h), h.StoppedEarly, h.Completed, h.Best, saved)
	}
	if got := strings.Count(out.String(), "Early stopping: no improvement in 2 validations"); got != 1 {
		t.Errorf("the stop is announced %d times:\n%s", got, out)
	}
}
