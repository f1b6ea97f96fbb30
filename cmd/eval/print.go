package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/evaluate"
)

// print writes the results for people, or for programs.
func (r results) print(w io.Writer, format string) error {
	switch format {
	case "json":
		data, err := r.json()
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	case "markdown":
		return r.markdown(w, nil)
	}
	for _, m := range r.Models {
		fmt.Fprintf(w, "%s: %s\n\n", m.Model, m.size())
		table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
		fmt.Fprintln(table, "  task\tfigure\tvalue\t95 % interval\trecords")
		for _, report := range m.Reports {
			for _, f := range report.Headline {
				interval := ""
				if f.Interval != nil {
					interval = fmt.Sprintf("%.3f – %.3f", f.Interval.Low, f.Interval.High)
				}
				fmt.Fprintf(table, "  %s\t%s\t%.3f\t%s\t%d\n", report.Task, f.Name, f.Value, interval, report.Records)
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
		for _, report := range m.Reports {
			fmt.Fprintf(w, "\n  %s: %s", report.Task, m.Scored[report.Task])
		}
		fmt.Fprintf(w, "\n\n")
	}
	if r.Comparison != nil {
		return r.Comparison.Markdown(w)
	}
	return nil
}

// reportTitle is how a report begins.
const reportTitle = "# Evaluation"

// markdown writes the comparison, if there is one, and all reports. plots has
// for each model and report the plots' paths.
func (r results) markdown(w io.Writer, plots [][][]string) error {
	level := 2 // of a task's heading
	if r.Comparison != nil {
		level = 3
		fmt.Fprintf(w, reportTitle+"\n\n")
		if err := r.Comparison.Markdown(w); err != nil {
			return err
		}
	}
	for i, m := range r.Models {
		if r.Comparison != nil {
			fmt.Fprintf(w, "\n## Model %s\n\n", code(m.Model))
		} else {
			fmt.Fprintf(w, reportTitle+" of %s\n\n", code(m.Model))
		}
		fmt.Fprintf(w, "%s.\n\n", m.size())
		for _, report := range m.Reports {
			fmt.Fprintf(w, "- %s: %s\n", report.Task, m.Scored[report.Task])
		}
		for j, report := range m.Reports {
			page := evaluate.Page{Level: level}
			if plots != nil {
				page.Plots = plots[i][j]
			}
			fmt.Fprintln(w)
			if err := report.Markdown(w, page); err != nil {
				return err
			}
		}
	}
	return nil
}

// code sets a path apart from the text of a Markdown document.
func code(path string) string { return "`" + strings.ReplaceAll(path, "`", "'") + "`" }

// size is a model's in words.
func (m modelResult) size() string {
	text := numbers.Thousands(m.Parameters) + " parameters"
	if m.MillisPerCall > 0 {
		text += fmt.Sprintf(", %.1f ms per call", m.MillisPerCall)
	}
	return text
}

// String says what was scored.
func (s scope) String() string {
	text := s.Records + " in " + s.File
	if s.Records == "all" {
		text = "all records in " + s.File
	}
	if s.Dropped > 0 {
		text += fmt.Sprintf("; %s left out, longer than the model reads", numbers.Thousands(int64(s.Dropped)))
	}
	return text
}
