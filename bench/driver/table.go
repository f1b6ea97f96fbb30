package main

import (
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/bench/report"
)

// targetTable says which targets are reached.
func targetTable(outcomes []outcome) report.Table {
	t := report.Table{Head: []string{"what", "ours", "against", "theirs", "times faster [95 %]", "target", "reached"}}
	for _, o := range outcomes {
		row := []string{o.What, "–", o.Against, "–", "–", fmt.Sprintf("%s×", number(o.AtLeast)), "not measured"}
		if o.Ours != nil {
			row[1] = o.Unit.format(o.Ours.Median)
		}
		if o.Theirs != nil {
			row[3] = o.Unit.format(o.Theirs.Median)
		}
		if o.Speedup != nil {
			row[4] = fmt.Sprintf("%.2f× [%.2f, %.2f]", o.Speedup.Ratio, o.Speedup.Low, o.Speedup.High)
		}
		if o.Below > 0 {
			row[2], row[5] = "–", fmt.Sprintf("under %s s", number(o.Below))
		}
		if o.measured() {
			row[6] = map[bool]string{true: "yes", false: "no"}[o.Reached]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// number writes 1.70 as 1.7.
func number(x float64) string { return fmt.Sprintf("%g", x) }

// measurementTable has a row for each case and a column for each worker.
func measurementTable(list []measurement) report.Table {
	var names []string
	for _, name := range workerNames() {
		if slices.ContainsFunc(list, func(m measurement) bool { return m.Worker == name }) {
			names = append(names, name)
		}
	}
	t := report.Table{Head: append([]string{"median (quartiles)"}, names...)}
	for _, name := range casesOf(list) {
		row := []string{""}
		for _, worker := range names {
			cell := "–"
			if m := find(list, name, worker); m != nil {
				row[0] = m.Title
				cell = m.cell()
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (m measurement) cell() string {
	s := spreadOf(m.Figures)
	scale := 1.0
	if m.Unit == tokens {
		scale = 1e-6
	}
	return fmt.Sprintf("%s (%s–%s)", m.Unit.format(s.Median), digits(s.Low*scale), digits(s.High*scale))
}

// callTable has, of single calls, the median of all calls of all rounds and their
// 99th percentile.
func callTable(list []measurement) report.Table {
	var calls []measurement
	for _, m := range list {
		if len(m.Calls) > 0 {
			calls = append(calls, m)
		}
	}
	t := measurementTable(calls)
	t.Head[0] = "each call: p50, p99, ms"
	for i, name := range casesOf(calls) {
		for j, worker := range t.Head[1:] {
			if m := find(calls, name, worker); m != nil {
				t.Rows[i][j+1] = digits(report.Quantile(m.Calls, 0.5)) + ", " + digits(report.Quantile(m.Calls, 0.99))
			}
		}
	}
	return t
}

// peakTable says how much of our calls' time their matrix products alone would
// take.
func peakTable(list []measurement) report.Table {
	t := report.Table{Head: []string{"one call, fp32", "ours", "its matrix products alone", "share"}}
	for _, length := range lengths() {
		call, products := find(list, fmt.Sprintf("latency_%d_fp32", length), ours), find(list, fmt.Sprintf("products_%d", length), best)
		if call == nil || products == nil {
			continue
		}
		a, b := spreadOf(call.Figures).Median, spreadOf(products.Figures).Median
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%d tokens", length), perSample.format(a), perSample.format(b), fmt.Sprintf("%.0f %%", 100*b/a)})
	}
	return t
}

func casesOf(list []measurement) []string {
	var names []string
	for _, m := range list {
		if !slices.Contains(names, m.Case) {
			names = append(names, m.Case)
		}
	}
	return names
}

// memoryTable has the largest memory of each worker in each case.
func memoryTable(list []measurement) report.Table {
	t := measurementTable(list)
	t.Head[0] = "peak memory, MB"
	for i, name := range casesOf(list) {
		for j, worker := range t.Head[1:] {
			if m := find(list, name, worker); m != nil {
				t.Rows[i][j+1] = fmt.Sprintf("%.0f", m.PeakMB)
			}
		}
	}
	return t
}

// agreementTable says how many labels differ from those in float32.
func agreementTable(list []agreement) report.Table {
	t := report.Table{Head: []string{"labels other than in fp32", "task", "of", "differ"}}
	for _, a := range list {
		t.Rows = append(t.Rows, []string{a.Worker + ", " + a.Precision, a.Task, fmt.Sprint(a.Labels), fmt.Sprintf("%d (%.2f %%)", a.Differ, 100*a.share())})
	}
	return t
}
