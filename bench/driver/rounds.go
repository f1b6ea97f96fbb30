package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/trident-nlp/trident/bench/protocol"
)

// asker is a [worker].
type asker interface {
	ask(protocol.Request) (protocol.Response, error)
	resetPeak()
	peak() float64
}

// turn is one worker's part of a case.
type turn struct {
	c      benchCase
	worker string
}

// measurement is what a worker's turns in a case gave, round by round.
type measurement struct {
	Case    string    `json:"case"`
	Title   string    `json:"title"`
	Worker  string    `json:"worker"`
	Unit    unit      `json:"unit"`
	Figures []float64 `json:"figures"` // of each round, in Unit
	Seconds []float64 `json:"seconds"`
	Inside  []float64 `json:"inside,omitzero"` // of the load case: seconds without the process's start
	Samples int       `json:"samples"`         // of a round
	Tokens  int       `json:"tokens"`
	PeakMB  float64   `json:"peak_mb"`        // largest memory of the process in these rounds
	Calls   []float64 `json:"calls,omitzero"` // of single calls: milliseconds of each, of all rounds
}

// play runs each group's cases: warm-up, then the rounds, in which the workers
// take turns, forwards and backwards. Each says on log what it does.
func play(ctx context.Context, cases []benchCase, workers map[string]asker, warmup, rounds int, log io.Writer) ([]measurement, error) {
	var all []measurement
	for _, group := range groups(cases) {
		var turns []turn
		for _, c := range group {
			for _, name := range c.workers {
				turns = append(turns, turn{c, name})
			}
		}
		list, err := playGroup(ctx, turns, workers, warmup, rounds, log)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func groups(cases []benchCase) [][]benchCase {
	var list [][]benchCase
	for _, c := range cases {
		if n := len(list); n > 0 && list[n-1][0].group == c.group {
			list[n-1] = append(list[n-1], c)
		} else {
			list = append(list, []benchCase{c})
		}
	}
	return list
}

func playGroup(ctx context.Context, turns []turn, workers map[string]asker, warmup, rounds int, log io.Writer) ([]measurement, error) {
	list := make([]measurement, len(turns))
	for i, t := range turns {
		list[i] = measurement{Case: t.c.name, Title: t.c.title, Worker: t.worker, Unit: t.c.unit}
	}
	for round := -warmup; round < rounds; round++ {
		order := make([]int, len(turns))
		for i := range order {
			order[i] = i
		}
		if round%2 != 0 {
			slices.Reverse(order)
		}
		for _, i := range order {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t := turns[i]
			w := workers[t.worker]
			w.resetPeak()
			r, err := w.ask(t.c.request)
			if err != nil {
				return nil, err
			}
			if !(r.Seconds > 0) || math.IsInf(r.Seconds, 0) || r.Samples < 1 || t.c.unit == tokens && r.Tokens < 1 {
				return nil, fmt.Errorf("worker %s, case %s: it says %v seconds for %d samples and %d tokens", t.worker, t.c.name, r.Seconds, r.Samples, r.Tokens)
			}
			figure := t.c.unit.figure(r)
			if round < 0 {
				fmt.Fprintf(log, "warm-up    %-18s %-11s %12s\n", t.c.name, t.worker, t.c.unit.format(figure))
				continue
			}
			fmt.Fprintf(log, "round %2d/%d %-18s %-11s %12s\n", round+1, rounds, t.c.name, t.worker, t.c.unit.format(figure))
			list[i].add(r, figure, w.peak())
		}
	}
	return list, nil
}

func (m *measurement) add(r protocol.Response, figure, peak float64) {
	m.Figures = append(m.Figures, figure)
	m.Seconds = append(m.Seconds, r.Seconds)
	for _, seconds := range r.Each {
		m.Calls = append(m.Calls, 1000*seconds)
	}
	if r.Inside > 0 {
		m.Inside = append(m.Inside, r.Inside)
	}
	if r.PeakMB > 0 { // of the process that the worker started
		peak = r.PeakMB
	}
	m.PeakMB = max(m.PeakMB, peak)
	m.Samples, m.Tokens = r.Samples, r.Tokens
}
