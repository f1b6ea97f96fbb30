package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is rows of cells under a head.
type table struct {
	head []string
	rows [][]string
}

// targetTable says which targets are reached.
func targetTable(outcomes []outcome) table {
	t := table{head: []string{"what", "ours", "against", "theirs", "times faster [95 %]", "target", "reached"}}
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
		t.rows = append(t.rows, row)
	}
	return t
}

// number writes 1.70 as 1.7.
func number(x float64) string { return fmt.Sprintf("%g", x) }

// measurementTable has a row for each case and a column for each worker.
func measurementTable(list []measurement) table {
	names := []string{ours, today, best, onnx}
	t := table{head: append([]string{"median (quartiles)"}, names...)}
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
		t.rows = append(t.rows, row)
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
func memoryTable(list []measurement) table {
	t := measurementTable(list)
	t.head[0] = "peak memory, MB"
	var cases []string
	for _, m := range list {
		if !slices.Contains(cases, m.Case) {
			cases = append(cases, m.Case)
		}
	}
	for i, name := range cases {
		for j, worker := range t.head[1:] {
			if m := find(list, name, worker); m != nil {
				t.rows[i][j+1] = fmt.Sprintf("%.0f", m.PeakMB)
			}
		}
	}
	return t
}

// agreementTable says how many labels differ from those in float32.
func agreementTable(list []agreement) table {
	t := table{head: []string{"labels other than in fp32", "task", "of", "differ"}}
	for _, a := range list {
		t.rows = append(t.rows, []string{a.Worker + ", " + a.Precision, a.Task, fmt.Sprint(a.Labels), fmt.Sprintf("%d (%.2f %%)", a.Differ, 100*a.share())})
	}
	return t
}

// markdown writes the table for docs.
func (t table) markdown() string {
	var b strings.Builder
	for i, row := range append([][]string{t.head}, t.rows...) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return b.String()
}

// String writes the table for a terminal.
func (t table) String() string {
	all := append([][]string{t.head}, t.rows...)
	widths := make([]int, len(t.head))
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
