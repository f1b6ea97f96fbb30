package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/report"
)

// studentsRun is the part of a metrics.json that the table shows.
type studentsRun struct {
	Models []struct {
		Parameters    int64           `json:"parameters"`
		MillisPerCall float64         `json:"millis_per_call"`
		Reports       []report.Report `json:"reports"`
	} `json:"models"`
}

// rows are the models of each file.
func rows() []string { return []string{"plain student", "distilled student", "three teachers"} }

// columns are the figures of each model, by task.
func columns() [][2]string {
	return [][2]string{{"ner", "entity_f1"}, {"cls", "avg_acc"}, {"qa", "avg_f1"}, {"qa", "criteria_f1"}}
}

// compare joins eval's metrics.json files, one a seed. Each holds the plain student, the
// distilled one, and the single-task teachers together.
func compare(files []string, out io.Writer) error {
	if len(files) == 0 {
		return errors.New("give the metrics.json files that eval wrote, one a seed")
	}
	var runs []studentsRun
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var r studentsRun
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(r.Models) != len(rows()) {
			return fmt.Errorf("%s: %d models, want %d: %s", file, len(r.Models), len(rows()), strings.Join(rows(), ", "))
		}
		runs = append(runs, r)
	}
	return table(runs, out)
}

// table prints for each model the mean over the seeds of each figure, with the
// lowest and the highest, then each seed's with its 95 % interval.
func table(runs []studentsRun, out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Mean of %d seeds (lowest – highest):\n\n| |", len(runs))
	for _, c := range columns() {
		fmt.Fprintf(&b, " %s %s |", c[0], c[1])
	}
	fmt.Fprintf(&b, " parameters | ms per call |\n|---|%s---|---|\n", strings.Repeat("---|", len(columns())))
	for m, name := range rows() {
		fmt.Fprintf(&b, "| %s |", name)
		for _, c := range columns() {
			var values []float64
			for _, r := range runs {
				f, err := figure(r.Models[m].Reports, c)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				values = append(values, f.Value)
			}
			fmt.Fprintf(&b, " %.3f (%.3f – %.3f) |", mean(values), slices.Min(values), slices.Max(values))
		}
		var millis []float64
		for _, r := range runs {
			millis = append(millis, r.Models[m].MillisPerCall)
		}
		fmt.Fprintf(&b, " %d | %.1f |\n", runs[0].Models[m].Parameters, mean(millis))
	}
	fmt.Fprintf(&b, "\nEach seed, with 95 %% intervals over the records:\n\n| seed | |%s\n|---|---|%s\n", heading(), strings.Repeat("---|", len(columns())))
	for s, r := range runs {
		for m, name := range rows() {
			fmt.Fprintf(&b, "| %d | %s |", s+1, name)
			for _, c := range columns() {
				f, err := figure(r.Models[m].Reports, c)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				fmt.Fprintf(&b, " %.3f", f.Value)
				if f.Interval != nil {
					fmt.Fprintf(&b, " (%.3f – %.3f)", f.Interval.Low, f.Interval.High)
				}
				b.WriteString(" |")
			}
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func heading() string {
	var b strings.Builder
	for _, c := range columns() {
		fmt.Fprintf(&b, " %s %s |", c[0], c[1])
	}
	return b.String()
}

// figure finds a task's headline figure.
func figure(reports []report.Report, column [2]string) (report.Figure, error) {
	for _, r := range reports {
		for _, f := range r.Headline {
			if r.Task == column[0] && f.Name == column[1] {
				return f, nil
			}
		}
	}
	return report.Figure{}, fmt.Errorf("no %s of task %s", column[1], column[0])
}
