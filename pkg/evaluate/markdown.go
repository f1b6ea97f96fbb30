package evaluate

import (
	"fmt"
	"io"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/report"
)

// reportTitle is the heading of a report.
const reportTitle = "# Evaluation"

// Markdown writes the comparison, if there is one, and all reports, without plots.
func (r *Result) Markdown(w io.Writer) error { return r.markdown(w, nil) }

// markdown is [Result.Markdown] with plots: the paths for each model and report.
func (r *Result) markdown(w io.Writer, plots [][][]string) error {
	level := 2 // heading level of a task
	if r.Comparison != nil {
		level = 3
		fmt.Fprintf(w, reportTitle+"\n\n")
		if err := r.Comparison.Markdown(w); err != nil {
			return err
		}
		if note := r.SeedNote(); note != "" {
			fmt.Fprintf(w, "\n%s\n", note)
		}
	}
	for i, m := range r.Models {
		if r.Comparison != nil {
			fmt.Fprintf(w, "\n## Model %s\n\n", code(m.Model))
		} else {
			fmt.Fprintf(w, reportTitle+" of %s\n\n", code(m.Model))
		}
		fmt.Fprintf(w, "%s.\n\n", m.Size())
		for _, made := range m.Reports {
			fmt.Fprintf(w, "- %s: %s\n", made.Task, m.Scored[made.Task])
		}
		if note := r.SeedNote(); note != "" && r.Comparison == nil {
			fmt.Fprintf(w, "\n%s\n", note)
		}
		if i == 0 && r.Calibration != nil {
			fmt.Fprintf(w, "\n## Calibration\n\n")
			if err := r.CalibrationMarkdown(w); err != nil {
				return err
			}
		}
		for j, made := range m.Reports {
			page := report.Page{Level: level}
			if plots != nil {
				page.Plots = plots[i][j]
			}
			fmt.Fprintln(w)
			if err := made.Markdown(w, page); err != nil {
				return err
			}
		}
	}
	return nil
}

// code formats a path as code in Markdown.
func code(path string) string { return "`" + strings.ReplaceAll(path, "`", "'") + "`" }

// Size returns the model's size, and its speed if it was timed: "66,362,880 parameters,
// 12.3 ms per call".
func (m ModelResult) Size() string {
	text := numbers.Thousands(m.Parameters) + " parameters"
	if m.MillisPerCall > 0 {
		text += fmt.Sprintf(", %.1f ms per call", m.MillisPerCall)
	}
	return text
}
