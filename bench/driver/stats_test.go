package main

import (
	"math"
	"testing"

	"github.com/trident-nlp/trident/bench/protocol"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		figures []float64
		want    spread // numpy.quantile(figures, [.25, .5, .75])
	}{
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{4, 1}, spread{1.75, 2.5, 3.25}},
		{[]float64{9, 1, 5, 3, 7}, spread{3, 5, 7}},
		{[]float64{1, 2, 4, 8}, spread{1.75, 3, 5}},
	} {
		if got := spreadOf(test.figures); got != test.want {
			t.Errorf("%v: %+v, want %+v", test.figures, got, test.want)
		}
	}
	if got := spreadOf(nil); !math.IsNaN(got.Median) {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestFigures(t *testing.T) {
	r := protocol.Response{Seconds: 2, Samples: 8, Tokens: 1000}
	for u, want := range map[unit]float64{perSample: 250, samples: 4, tokens: 500, process: 2} {
		if got := u.figure(r); got != want {
			t.Errorf("%s: %g, want %g", u, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	for name, test := range map[string]struct {
		unit         unit
		ours, theirs []float64
		want         float64
	}{
		"less is better": {perSample, []float64{10, 11, 9, 10, 30}, []float64{40, 44, 36, 40, 120}, 4},
		"more is better": {samples, []float64{40, 44, 36, 40, 120}, []float64{10, 11, 9, 10, 30}, 4},
		"slower":         {process, []float64{2, 2, 2}, []float64{1, 1, 1}, 0.5},
	} {
		// In each round theirs is the same multiple of ours: the rounds differ,
		// the ratio doesn't, as long as rounds are drawn for both together.
		got := compare(measurement{Unit: test.unit, Figures: test.ours}, measurement{Unit: test.unit, Figures: test.theirs})
		if got.Ratio != test.want || math.Abs(got.Low-test.want) > 1e-12 || math.Abs(got.High-test.want) > 1e-12 {
			t.Errorf("%s: %+v, want %g", name, got, test.want)
		}
	}
	got := compare(measurement{Unit: process, Figures: []float64{1, 1, 1, 1}}, measurement{Unit: process, Figures: []float64{2, 3, 4, 5}})
	if got.Ratio != 3.5 || got.Low < 2 || got.Low > 3 || got.High > 5 || got.High < 4 {
		t.Errorf("an interval %+v", got)
	}
}
