package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/bench/report"
	"github.com/trident-nlp/trident/internal/numbers"
)

// table sets servers side by side. Cells are of all rounds together (rates: the
// median round); ratios are the median of the rounds' ratios, and over 1 where
// a server is better than the one it is compared with.
func table(r results, names []string, against string) report.Table {
	t := report.Table{Head: append([]string{""}, names...)}
	var rivals []string
	for _, name := range names {
		if against != "" && name != against {
			rivals = append(rivals, name)
			t.Head = append(t.Head, name+" : "+against)
		}
	}
	row := func(title string, cell func(name string) string, ratio func(name string) string) {
		line := []string{title}
		for _, name := range names {
			line = append(line, cell(name))
		}
		if !slices.ContainsFunc(line[1:], func(s string) bool { return s != none }) {
			return // not measured
		}
		for _, name := range rivals {
			line = append(line, ratio(name))
		}
		t.Rows = append(t.Rows, line)
	}
	nothing := func(string) string { return none }
	row("labels other than "+names[0]+"'s", r.agreement, nothing)
	row("offline, calls/s", func(name string) string { return number(r.rates(name, without), 0.5) }, nothing)
	row("server at saturation, calls/s", func(name string) string { return number(r.rates(name, saturation), 0.5) },
		func(name string) string {
			return times(ratios(r.rates(name, saturation), r.rates(against, saturation)))
		})
	row("share of offline (each round)", r.share, nothing)
	for _, kind := range []struct{ kind, title string }{
		{lone, "a lone call"}, {even, "half load, evenly spaced"}, {random, "half load, random arrivals"},
	} {
		row(kind.title+", p50 / p99 in ms (calls)", func(name string) string { return r.latency(name, kind.kind) }, func(name string) string {
			var each []string
			for _, p := range []float64{0.5, 0.99} {
				each = append(each, times(ratios(r.quantiles(against, kind.kind, p), r.quantiles(name, kind.kind, p))))
			}
			return strings.Join(each, " / ")
		})
	}
	row("p99 at half load, of a lone call's p50: even / random", r.halfOfLone, nothing)
	row("flood: answers with 200 / 429 / none in time / other", r.statuses, nothing)
	row("flood, calls answered a second", func(name string) string { return number(r.rates(name, flood), 0.5) },
		func(name string) string { return times(ratios(r.rates(name, flood), r.rates(against, flood))) })
	row("resident memory, MB: before the flood, in its three thirds", r.memory, nothing)
	return t
}

const none = "–"

// agreement is the last run's: all ask for the same calls.
func (r results) agreement(name string) string {
	if len(r.Runs) == 0 {
		return none
	}
	for _, a := range r.Runs[len(r.Runs)-1].Agreement {
		if a.Server == name {
			return fmt.Sprintf("%d of %d", a.Differ, a.Labels)
		}
	}
	return none
}

func (r results) share(name string) string {
	shares := ratios(r.rates(name, saturation), r.rates(name, without))
	if len(shares) == 0 {
		return none
	}
	var each []string
	for _, s := range shares {
		each = append(each, fmt.Sprintf("%.0f", 100*s))
	}
	return fmt.Sprintf("%.0f %% (%s)", 100*report.Quantile(shares, 0.5), strings.Join(each, ", "))
}

func (r results) latency(name, kind string) string {
	took := r.took(name, kind)
	if len(took) == 0 {
		return none
	}
	return fmt.Sprintf("%s / %s (%d)", number(took, 0.5), number(took, 0.99), len(took))
}

func (r results) halfOfLone(name string) string {
	alone := report.Quantile(r.took(name, lone), 0.5)
	var each []string
	for _, kind := range []string{even, random} {
		each = append(each, times([]float64{report.Quantile(r.took(name, kind), 0.99) / alone}))
	}
	if each[0] == none && each[1] == none {
		return none
	}
	return strings.Join(each, " / ")
}

func (r results) statuses(name string) string {
	sum := map[string]int{}
	rounds := r.of(name, flood)
	if len(rounds) == 0 {
		return none
	}
	other := 0
	for _, m := range rounds {
		for status, n := range m.Statuses {
			sum[status] += n
			if status != answered && status != refused && status != timedOut {
				other += n
			}
		}
	}
	return fmt.Sprintf("%d / %d / %d / %d", sum[answered], sum[refused], sum[timedOut], other)
}

// memory has the median of each round's figures.
func (r results) memory(name string) string {
	rounds := r.of(name, flood)
	if len(rounds) == 0 {
		return none
	}
	parts := make([][]float64, 4)
	for _, m := range rounds {
		parts[0] = append(parts[0], m.MemoryMB[0])
		during := m.MemoryMB[1:]
		for i := range 3 {
			third := during[i*len(during)/3 : (i+1)*len(during)/3]
			if len(third) > 0 {
				parts[i+1] = append(parts[i+1], slices.Max(third))
			}
		}
	}
	var each []string
	for _, part := range parts {
		each = append(each, number(part, 0.5))
	}
	return strings.Join(each, ", ")
}

// quantiles has a quantile of each round's times.
func (r results) quantiles(name, kind string, p float64) []float64 {
	var list []float64
	for _, m := range r.of(name, kind) {
		list = append(list, report.Quantile(m.TookMS, p))
	}
	return list
}

// ratios are a's figures by b's, round for round.
func ratios(a, b []float64) []float64 {
	var list []float64
	for i := range min(len(a), len(b)) {
		list = append(list, a[i]/b[i])
	}
	return list
}

func times(list []float64) string {
	if x := report.Quantile(list, 0.5); numbers.Finite(x) {
		return fmt.Sprintf("%.1f×", x)
	}
	return none
}

// number is a quantile with three digits or so.
func number(list []float64, p float64) string {
	x := report.Quantile(list, p)
	switch {
	case math.IsNaN(x):
		return none
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
