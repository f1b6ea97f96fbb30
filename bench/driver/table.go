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
			row[3] = o.theirUnit.format(o.Theirs.Median)
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
	names := []string{ours, today, best, onnx}
	t := report.Table{Head: append([]string{"median (quartiles)"}, names...)}
	var cases []string
	for _, m := range list {
		if !slices.Contains(cases, m.Case) {
			cases = append(cases, m.Case)
		}
	}
	for _, name := range cases {
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

// memoryTable has the largest memory of each worker in each case.
func memoryTable(list []measurement) report.Table {
	t := measurementTable(list)
	t.Head[0] = "peak memory, MB"
	var cases []string
	for _, m := range list {
		if !slices.Contains(cases, m.Case) {
			cases = append(cases, m.Case)
		}
	}
	for i, name := range cases {
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
