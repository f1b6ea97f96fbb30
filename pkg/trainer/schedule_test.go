package trainer

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// The wanted rates are those of transformers' get_linear_schedule_with_warmup
// at lr 2e-5, before each step.
func TestLinearWarmup(t *testing.T) {
	tests := []struct {
		name  string
		total int
		ratio float64
		rates map[int]float64
	}{
		{"a tenth of 20", 20, 0.1, map[int]float64{0: 0, 1: 1e-5, 2: 2e-5, 3: 2e-5 * 17 / 18, 11: 1e-5, 19: 2e-5 / 18, 20: 0, 25: 0}},
		{"warm-up is rounded down", 19, 0.1, map[int]float64{0: 0, 1: 2e-5, 2: 2e-5 * 17 / 18}},
		{"none", 10, 0, map[int]float64{0: 2e-5, 5: 1e-5, 10: 0}},
		{"too few steps for any", 5, 0.1, map[int]float64{0: 2e-5, 4: 2e-5 / 5}},
		{"all of it", 4, 1, map[int]float64{0: 0, 3: 1.5e-5, 4: 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			schedule := NewSchedule(Linear, 2e-5, test.total, test.ratio)
			for step, want := range test.rates {
				if got := schedule.Rate(step); math.Abs(got-want) > 1e-18 {
					t.Errorf("step %d: rate %g, want %g", step, got, want)
				}
			}
		})
	}
}

func TestWarmupOfTheSource(t *testing.T) {
	if got := NewSchedule(Linear, 1, 9570, 0.1).Warmup; got != 957 {
		t.Errorf("warm-up of 9,570 steps is %d, want 957", got)
	}
}

func TestWarmupSteps(t *testing.T) {
	s := Settings{Epochs: 10, LearningRate: 1, WarmupRatio: 0.1}
	train := []datasets.Loader{{Examples: make([]datasets.Example, 41), BatchSize: 2}}
	if got, want := NewPlan(s, train).Schedule, (Schedule{Peak: 1, Warmup: 21, Total: 210}); got != want {
		t.Errorf("by ratio: %+v, want %+v", got, want)
	}
	s.WarmupSteps = 100
	got := NewPlan(s, train).Schedule
	if want := (Schedule{Peak: 1, Warmup: 100, Total: 210}); got != want {
		t.Errorf("by steps: %+v, want %+v", got, want)
	}
	for step, want := range map[int]float64{0: 0, 50: 0.5, 100: 1, 155: 0.5, 210: 0} {
		if rate := got.Rate(step); math.Abs(rate-want) > 1e-15 {
			t.Errorf("step %d: rate %v, want %v", step, rate, want)
		}
	}
}

// The rates of transformers' get_scheduler at lr 2e-5 over 20 steps, made by
// scripts/golden/knobs.py.
func TestSchedulesEqualTransformers(t *testing.T) {
	var golden map[string][]float64
	if err := json.Unmarshal([]byte(filetest.Read(t, "testdata/schedules.json")), &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) != 2*len(Schedulers()) {
		t.Fatalf("%d schedules", len(golden))
	}
	for name, want := range golden {
		kind, warmup, _ := strings.Cut(name, " ")
		ratio := 0.0
		if warmup == "warm" {
			ratio = 0.25
		}
		schedule := NewSchedule(kind, 2e-5, 20, ratio)
		for step, rate := range want {
			if got := schedule.Rate(step); math.Abs(got-rate) > 1e-18 {
				t.Errorf("%s: step %d: rate %g, want %g", name, step, got, rate)
			}
		}
	}
}

func TestConstantHasNoWarmup(t *testing.T) {
	train := []datasets.Loader{{Examples: make([]datasets.Example, 41), BatchSize: 2}}
	for _, s := range []Settings{{WarmupSteps: 7}, {WarmupRatio: 0.5}} {
		s.Epochs, s.LearningRate, s.Scheduler = 10, 1, Constant
		if got := NewPlan(s, train).Schedule; got.Warmup != 0 || got.Rate(0) != 1 || got.Rate(209) != 1 {
			t.Errorf("%+v: %+v", s, got)
		}
	}
}

func TestUnknownSchedulersAreRefused(t *testing.T) {
	tr, _ := toy(t, 1)
	tr.Scheduler = "polynomial"
	if _, err := New(tr.Settings, tr.Deps); err == nil || !strings.Contains(err.Error(), `Settings.Scheduler is "polynomial": it must be one of linear, cosine`) {
		t.Errorf("error %v", err)
	}
}
