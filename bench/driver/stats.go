package main

import (
	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/pkg/metrics"
)

// spread is the median of some figures with the quartiles around it.
type spread struct {
	Low    float64 `json:"q1"`
	Median float64 `json:"median"`
	High   float64 `json:"q3"`
}

func spreadOf(figures []float64) spread {
	return spread{report.Quantile(figures, 0.25), report.Quantile(figures, 0.5), report.Quantile(figures, 0.75)}
}

// comparison says how many times faster one measurement is than another: the
// ratio of their medians, with a 95 % interval by bootstrap over the rounds. A
// round is drawn for both, since they took turns in it.
type comparison struct {
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// resamples of the bootstrap.
const resamples = 2000

func compare(a, b measurement) comparison {
	rounds := min(len(a.Figures), len(b.Figures))
	ratio := func(rounds []int) float64 {
		return a.Unit.speedup(report.Quantile(pick(a.Figures, rounds), 0.5), report.Quantile(pick(b.Figures, rounds), 0.5))
	}
	all := make([]int, rounds)
	for i := range all {
		all[i] = i
	}
	interval := metrics.Bootstrap{Resamples: resamples, Seed: 1}.Interval(rounds, ratio)
	return comparison{ratio(all), interval.Low, interval.High}
}

func pick(figures []float64, index []int) []float64 {
	picked := make([]float64, len(index))
	for i, j := range index {
		picked[i] = figures[j]
	}
	return picked
}
