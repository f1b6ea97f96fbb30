package main

import (
	"math"
	"testing"
)

// shareOf is a figure: the share of hits among records numbered from first.
func shareOf(first int, hits ...float64) scored {
	s := scored{records: map[int]int{}}
	for i := range hits {
		s.records[first+i] = i
	}
	s.of = func(positions []int) float64 {
		sum := 0.0
		for _, at := range positions {
			sum += hits[at]
		}
		return sum / float64(len(positions))
	}
	return s
}

func repeated(n int, hits ...float64) []float64 {
	var list []float64
	for range n {
		list = append(list, hits...)
	}
	return list
}

func TestDifference(t *testing.T) {
	half, none, all := repeated(50, 1, 0), repeated(100, 0), repeated(100, 1)
	of := func(ner, cls, qa scored) scores {
		return scores{"ner entity_f1": ner, "cls avg_acc": cls, "qa criteria_f1": qa}
	}
	a := of(shareOf(1, half...), shareOf(1, all...), shareOf(1, half...))
	b := of(shareOf(1, none...), shareOf(1, none...), shareOf(1, half...))
	got, err := difference(t.Context(), []pair{{0, a, b}, {0, b, b}})
	if err != nil {
		t.Fatal(err)
	}
	// Means over the two pairs; the mean of the three tasks is that of the columns.
	for key, want := range map[string]struct{ value, half float64 }{
		"ner entity_f1":  {0.25, 1.96 * 0.5 / 10 / 2}, // √(p(1−p)/n) of the first pair, half of it for two
		"cls avg_acc":    {0.5, 0},                    // the same on each call
		"qa criteria_f1": {0, 0},                      // equal on each call, though each varies
		"mean":           {0.25, 1.96 * 0.5 / 10 / 2 / 3},
	} {
		d := got[key]
		low, high := want.value-want.half, want.value+want.half
		if math.Abs(d.Value-want.value) > 1e-9 || math.Abs(d.Interval.Low-low) > 0.2*want.half+1e-9 || math.Abs(d.Interval.High-high) > 0.2*want.half+1e-9 {
			t.Errorf("%s: %v (%+v), want %v (%v – %v)", key, d.Value, *d.Interval, want.value, low, high)
		}
	}
}

// TestDifferenceOfFolds has folds of different calls: the mean over the folds, each counted once.
func TestDifferenceOfFolds(t *testing.T) {
	run := func(hits ...float64) scores {
		return scores{"ner entity_f1": shareOf(1, hits...), "cls avg_acc": shareOf(5, hits...), "qa criteria_f1": shareOf(1, hits...)}
	}
	got, err := difference(t.Context(), []pair{{1, run(1, 1, 1, 1), run(0, 0, 0, 0)}, {2, run(1, 1), run(1, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	for key, d := range got {
		if d.Value != 0.5 || d.Interval.Low != 0.5 || d.Interval.High != 0.5 {
			t.Errorf("%s: %v (%+v), want 0.5", key, d.Value, *d.Interval)
		}
	}
}

// TestDifferenceOfSharedCalls has a model that left out calls: only those that both scored count.
func TestDifferenceOfSharedCalls(t *testing.T) {
	run := func(first int, hits ...float64) scores {
		s := shareOf(first, hits...)
		return scores{"ner entity_f1": s, "cls avg_acc": s, "qa criteria_f1": s}
	}
	got, err := difference(t.Context(), []pair{{0, run(1, 0, 0, 1, 1), run(3, 0, 0, 1, 1)}})
	if err != nil || got["mean"].Value != 1 {
		t.Errorf("got %v, %v, want 1", got["mean"].Value, err)
	}
	if _, err := difference(t.Context(), []pair{{0, run(1, 1), run(3, 1)}}); err == nil {
		t.Error("no call was scored by both, and that isn't an error")
	}
}
