package main

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/bench/protocol"
)

// scripted is a worker that notes who was asked what.
type scripted struct {
	name   string
	log    *[]string
	answer func(turn int) (protocol.Response, error)
	turns  int
	fresh  bool
}

func (s *scripted) ask(r protocol.Request) (protocol.Response, error) {
	*s.log = append(*s.log, s.name+" "+r.Case+" "+r.Precision)
	s.turns++
	return s.answer(s.turns)
}

func (s *scripted) resetPeak() { s.fresh = true }

func (s *scripted) peak() float64 {
	if !s.fresh {
		return math.NaN()
	}
	s.fresh = false
	return float64(s.turns)
}

func script(answer func(turn int) (protocol.Response, error)) (workers map[string]asker, log *[]string) {
	log = &[]string{}
	workers = map[string]asker{}
	for _, name := range []string{ours, best} {
		workers[name] = &scripted{name: name, log: log, answer: answer}
	}
	return workers, log
}

func twoCases() []benchCase {
	return []benchCase{
		{"a", "g", "A", process, protocol.Request{Case: "a", Precision: "1"}, []string{ours, best}},
		{"b", "g", "B", process, protocol.Request{Case: "b", Precision: "2"}, []string{best}},
		{"c", "h", "C", samples, protocol.Request{Case: "c", Precision: "3"}, []string{ours}},
	}
}

func TestPlayTakesTurns(t *testing.T) {
	workers, log := script(func(turn int) (protocol.Response, error) {
		return protocol.Response{Seconds: float64(turn), Samples: 10}, nil
	})
	measured, err := play(context.Background(), twoCases(), workers, 1, 2, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"best b 2", "best a 1", "ours a 1", // warm-up
		"ours a 1", "best a 1", "best b 2",
		"best b 2", "best a 1", "ours a 1",
		"ours c 3", "ours c 3", "ours c 3",
	}
	if !slices.Equal(*log, want) {
		t.Errorf("turns %q, want %q", *log, want)
	}
	for i, want := range []measurement{
		{Case: "a", Worker: ours, Figures: []float64{2, 3}, PeakMB: 3},
		{Case: "a", Worker: best, Figures: []float64{3, 6}, PeakMB: 6},
		{Case: "b", Worker: best, Figures: []float64{4, 5}, PeakMB: 5},
		{Case: "c", Worker: ours, Figures: []float64{2, 10. / 6}, PeakMB: 6},
	} {
		got := measured[i]
		if got.Case != want.Case || got.Worker != want.Worker || !slices.Equal(got.Figures, want.Figures) || got.PeakMB != want.PeakMB {
			t.Errorf("measurement %+v, want %+v", got, want)
		}
	}
}

func TestPlayRefusesNonsense(t *testing.T) {
	for name, test := range map[string]struct {
		answer protocol.Response
		err    error
		want   string
	}{
		"no time":    {protocol.Response{Samples: 1}, nil, "case a: it says 0 seconds"},
		"negative":   {protocol.Response{Seconds: -1, Samples: 1}, nil, "it says -1 seconds"},
		"no samples": {protocol.Response{Seconds: 1}, nil, "for 0 samples"},
		"an error":   {protocol.Response{}, errors.New("it fell over"), "it fell over"},
	} {
		workers, _ := script(func(int) (protocol.Response, error) { return test.answer, test.err })
		if _, err := play(context.Background(), twoCases(), workers, 0, 1, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	workers, log := script(func(int) (protocol.Response, error) {
		cancel()
		return protocol.Response{Seconds: 1, Samples: 1}, nil
	})
	if _, err := play(ctx, twoCases(), workers, 0, 5, io.Discard); !errors.Is(err, context.Canceled) || len(*log) != 1 {
		t.Errorf("after a signal: %v, %d turns", err, len(*log))
	}
}

func TestCheckSame(t *testing.T) {
	for name, test := range map[string]struct {
		values [2][]float64
		want   string
	}{
		"same":       {[2][]float64{{1, 2}, {1.0005, 2}}, ""},
		"other":      {[2][]float64{{1, 2}, {1, 2.1}}, "worker best computes something else than ours: logit 1 is 2.1, not 2"},
		"not finite": {[2][]float64{{1, 2}, {1, math.NaN()}}, "logit 1 is NaN"},
		"fewer":      {[2][]float64{{1, 2}, {1}}, "worker best gives 1 logits, ours 2"},
		"none":       {[2][]float64{{1, 2}, {}}, "worker best: no logits"},
	} {
		asked := 0
		workers, _ := script(func(int) (protocol.Response, error) {
			asked++
			return protocol.Response{Values: test.values[asked-1]}, nil
		})
		err := checkSame(workers, []string{ours, best})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestCompareLabels(t *testing.T) {
	full := map[string][]int{"ner": {1, 2, 3, 4}, "cls": {5}, "qa": {0, 1}}
	got, err := compareLabels(full, map[string][]int{"ner": {1, 2, 0, 4}, "cls": {5}, "qa": {1, 0}})
	want := []agreement{{Task: "ner", Labels: 4, Differ: 1}, {Task: "cls", Labels: 1}, {Task: "qa", Labels: 2, Differ: 2}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, lower := range []map[string][]int{nil, {"ner": {1}, "cls": {5}, "qa": {0, 1}}} {
		if _, err := compareLabels(full, lower); err == nil {
			t.Errorf("%v compared", lower)
		}
	}
}

func TestFastest(t *testing.T) {
	list := []measurement{
		{Case: "a", Worker: ours, Unit: perSample, Figures: []float64{1}},
		{Case: "a", Worker: best, Unit: perSample, Figures: []float64{3}},
		{Case: "a", Worker: cTranslate, Unit: perSample, Figures: []float64{2}},
		{Case: "b", Worker: best, Unit: samples, Figures: []float64{3}},
		{Case: "b", Worker: onnx, Unit: samples, Figures: []float64{2}},
	}
	for name, want := range map[string]string{"a": cTranslate, "b": best} {
		if got := fastest(list, name, peerNames()); got == nil || got.Worker != want {
			t.Errorf("case %s: %+v, want %s", name, got, want)
		}
	}
	if got := fastest(list, "c", peerNames()); got != nil {
		t.Errorf("of a case not measured: %+v", got)
	}
}
