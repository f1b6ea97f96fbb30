package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/internal/numbers"
)

// result is a run of the benchmark, as a file of docs/bench has it.
type result struct {
	Started      time.Time                    `json:"started"`
	Machine      report.Machine               `json:"machine"`
	Threads      int                          `json:"threads"`
	Rounds       int                          `json:"rounds"`
	Versions     map[string]map[string]string `json:"versions"` // of each worker's libraries
	Targets      []outcome                    `json:"targets"`
	Agreements   []agreement                  `json:"agreements,omitzero"`
	Measurements []summary                    `json:"measurements"`
}

// summary is a measurement with its spread.
type summary struct {
	spread
	measurement
}

// outcome is a target and what became of it.
type outcome struct {
	What    string      `json:"what"`
	Against string      `json:"against,omitzero"`
	Ours    *spread     `json:"ours,omitzero"` // nil: not measured
	Theirs  *spread     `json:"theirs,omitzero"`
	Unit    unit        `json:"unit"` // of both
	Speedup *comparison `json:"speedup,omitzero"`
	AtLeast float64     `json:"at_least,omitzero"` // wanted of the speedup's ratio
	Below   float64     `json:"below,omitzero"`    // or of our median, in seconds
	Reached bool        `json:"reached"`
}

// judge looks each target up in the measurements.
func judge(list []target, measured []measurement) []outcome {
	var outcomes []outcome
	for _, t := range list {
		o := outcome{What: t.what, Against: t.against, AtLeast: t.atLeast, Below: t.below}
		a, b := find(measured, t.oursCase, ours), find(measured, t.theirCase, t.theirName)
		if len(t.fastestOf) > 0 {
			b = fastest(measured, t.theirCase, t.fastestOf)
		}
		if b != nil && len(t.fastestOf) > 0 {
			o.Against += ", " + inWords(b.Worker)
		}
		if a != nil {
			o.Ours, o.Unit = ptr(spreadOf(a.Figures)), a.Unit
			o.Reached = t.below > 0 && o.Ours.Median < t.below
		}
		if b != nil {
			o.Theirs, o.Unit = ptr(spreadOf(b.Figures)), b.Unit
		}
		if a != nil && b != nil {
			o.Speedup = ptr(compare(*a, *b))
			o.Reached = o.Speedup.Ratio >= t.atLeast
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// measured reports whether the target's figures are there.
func (o outcome) measured() bool { return o.Ours != nil && (o.Below > 0 || o.Speedup != nil) }

func find(list []measurement, name, worker string) *measurement {
	for i, m := range list {
		if m.Case == name && m.Worker == worker && len(m.Figures) > 0 {
			return &list[i]
		}
	}
	return nil
}

// fastest is the measurement of the named worker that is fastest in a case; nil: of
// none there is one.
func fastest(list []measurement, name string, workers []string) *measurement {
	var first *measurement
	for _, worker := range workers {
		m := find(list, name, worker)
		if m == nil || first != nil && m.Unit.speedup(spreadOf(m.Figures).Median, spreadOf(first.Figures).Median) <= 1 {
			continue
		}
		first = m
	}
	return first
}

func summaries(list []measurement) []summary {
	var all []summary
	for _, m := range list {
		all = append(all, summary{spreadOf(m.Figures), m})
	}
	return all
}

// onTopOf is r with what an earlier result has of other cases, workers and labels.
func (r result) onTopOf(old result) result {
	cases, workers := map[string]bool{}, map[agreement]bool{}
	for _, s := range r.Measurements {
		cases[s.Case] = true
	}
	for _, a := range r.Agreements {
		workers[a.kind()] = true
	}
	for _, s := range old.Measurements {
		if !cases[s.Case] {
			r.Measurements = append(r.Measurements, s)
		}
	}
	for _, a := range old.Agreements {
		if !workers[a.kind()] {
			r.Agreements = append(r.Agreements, a)
		}
	}
	for worker, versions := range old.Versions {
		if r.Versions[worker] == nil {
			r.Versions[worker] = versions
		}
	}
	order := map[string]int{}
	for i, c := range allCases() {
		order[c.name] = i
	}
	slices.SortStableFunc(r.Measurements, func(a, b summary) int { return order[a.Case] - order[b.Case] })
	r.Targets = judge(targets(), r.measured())
	return r
}

// rounds is how many rounds the cases had: "5", or "3 to 5".
func (r result) rounds() string {
	fewest, most := r.Rounds, r.Rounds
	for _, s := range r.Measurements {
		fewest, most = min(fewest, len(s.Figures)), max(most, len(s.Figures))
	}
	if fewest == most {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("%d to %d", fewest, most)
}

// measured is what the result is about, as [play] gave it.
func (r result) measured() []measurement {
	var list []measurement
	for _, s := range r.Measurements {
		list = append(list, s.measurement)
	}
	return list
}

func ptr[T any](x T) *T { return &x }

// write stores the result as JSON.
func (r result) write(path string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = renameio.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the benchmark's result: %w", err)
	}
	return nil
}

// format writes a figure with its unit, in three digits.
func (u unit) format(x float64) string {
	if u == tokens {
		return fmt.Sprintf("%s M%s", digits(x/1e6), u)
	}
	return fmt.Sprintf("%s %s", digits(x), u)
}

// digits writes a number with three digits, or all those before the point.
func digits(x float64) string {
	if x == 0 || !numbers.Finite(x) {
		return fmt.Sprint(x)
	}
	after := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	return fmt.Sprintf("%.*f", max(0, after), x)
}
