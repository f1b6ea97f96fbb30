package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/redact"
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
		if err := printRedaction(w, m.Redaction); err != nil {
			return err
		}
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

// printRedaction prints how much of the labelled entities redaction replaced.
func printRedaction(w io.Writer, list []redact.Report) error {
	for _, r := range list {
		table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
		fmt.Fprintln(table, "  redaction\tentities\twholly replaced\tby the model alone\tcharacters replaced")
		for _, row := range r.Labels {
			fmt.Fprintf(table, "  %s\t%d\t%.1f %%\t%.1f %%\t%.1f %%\n", cmp.Or(row.Label, "all"), row.Entities, 100*row.Share(), 100*row.ShareByModel(), 100*row.ShareOfCharacters())
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(w, "\n  Calls of which nothing labelled was left: %d of %d. Of the other characters, %.1f %% were replaced.\n\n",
			r.CallsCovered, r.Calls, 100*float64(r.OutsideReplaced)/float64(max(1, r.Outside)))
	}
	return nil
}
