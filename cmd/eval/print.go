package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/trident-nlp/trident/pkg/evaluate"
)

// print writes the result for people or for programs.
func (f *flags) print(w io.Writer, r *evaluate.Result) error {
	switch f.Format {
	case "json":
		data, err := r.JSON()
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	case "markdown":
		return r.Markdown(w)
	}
	for _, m := range r.Models {
		fmt.Fprintf(w, "%s: %s\n\n", m.Model, m.Size())
		table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
		fmt.Fprintln(table, "  task\tfigure\tvalue\t95 % interval\trecords")
		for _, report := range m.Reports {
			for _, figure := range report.Headline {
				interval := ""
				if figure.Interval != nil {
					interval = fmt.Sprintf("%.3f – %.3f", figure.Interval.Low, figure.Interval.High)
				}
				fmt.Fprintf(table, "  %s\t%s\t%.3f\t%s\t%d\n", report.Task, figure.Name, figure.Value, interval, report.Records)
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
	if r.Calibration != nil {
		if err := r.CalibrationMarkdown(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if r.Comparison != nil {
		if err := r.Comparison.Markdown(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if note := r.SeedNote(); note != "" {
		fmt.Fprintln(w, note)
	}
	return nil
}
