package run

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// comparison is a figure of the best epoch and of the majority class.
type comparison struct {
	Task, Figure    string
	Model, Baseline float64
}

// compare lists all validation figures of a task, the headline first.
func compare(scores trainer.Scores, baselines []trainer.Scores) []comparison {
	base := map[string]float64{}
	for _, b := range baselines {
		if b.Task == scores.Task {
			for _, figure := range b.Report {
				base[figure.Name] = figure.Value
			}
		}
	}
	var list []comparison
	for _, figure := range scores.Report {
		list = append(list, comparison{scores.Task, figure.Name, figure.Value, base[figure.Name]})
	}
	return list
}

// report prints the end of a run: results, location of the model, next steps. counted says
// how the figures are counted; see [howCounted]. seeds says how much they vary, and use is
// a command that uses the model; "": none.
func report(out io.Writer, modelDir, counted string, history *trainer.History, test, baselines []trainer.Scores, seeds string, hints []string, took time.Duration, use string) error {
	best, ok := history.BestEvaluation()
	if !ok {
		return fmt.Errorf("no epoch was the best: validation gave no number in any of %d", history.Completed)
	}
	fmt.Fprintf(out, "\nDone in %s. Validation scores of epoch %d, the best of %d:\n\n", took.Round(time.Second), best.Epoch, history.All[len(history.All)-1].Epoch)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	header := "  \tmodel\tmajority class"
	if test != nil {
		header += "\ttest"
	}
	fmt.Fprintln(table, header)
	for i, scores := range best.Val {
		rows := compare(scores, baselines)
		fmt.Fprintf(table, "  %s\t%.3f\t%.3f", figureTitle(rows[0]), rows[0].Model, rows[0].Baseline)
		if test != nil {
			fmt.Fprintf(table, "\t%.3f", test[i].Headline().Value)
		}
		fmt.Fprintln(table)
		if scores.Task == pretrain.TaskName {
			fmt.Fprintf(table, "  %s\t%.2f\t–\n", figureTitle(rows[1]), rows[1].Model)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	fmt.Fprintln(out, counted)
	if seeds != "" {
		fmt.Fprintf(out, "  %s\n", seeds)
	}
	fmt.Fprintf(out, "\nModel:      %s (%s in its README.md)\n", modelDir, scoresIn(best.Val))
	for i, hint := range hints {
		title := "Dashboard:"
		if i > 0 {
			title = ""
		}
		fmt.Fprintf(out, "%-11s %s\n", title, hint)
	}
	if use != "" {
		fmt.Fprintf(out, "Use it:     %s\n", use)
	}
	return nil
}

// scoresIn says which scores a model's README.md has.
func scoresIn(val []trainer.Scores) string {
	if len(val) == 1 && val[0].Task == pretrain.TaskName {
		return "its scores and its calls' numbers"
	}
	return "scores of every label"
}

// ExampleCall is the call with which a run's report suggests trying the model. It is
// synthetic, and similar to the demo calls.
const ExampleCall = "Counselor: Child Helpline, Njeri speaking. Caller: My name is Amina. I am calling from Kisumu about my nephew Brian, " +
	"nine years old. He is beaten by his stepfather Otieno with a stick until he bleeds. It is physical abuse. " +
	"Counselor: Pole sana, how can we reach him? Caller: You can reach me on 0300123456. Counselor: Asante, we will help him."

// figureTitle returns the name of a headline figure: "NER entity F1".
func figureTitle(row comparison) string {
	words := strings.NewReplacer("accuracy", "accuracy", "avg", "average", "acc", "accuracy", "f1", "F1", "_", " ").Replace(row.Figure)
	return strings.ToUpper(row.Task) + " " + words
}

// counts are the numbers of a task's records in the model card.
type counts struct {
	Task                                                          string
	Train, Val, Test, Removed, Windowed, Truncated, Rare, Skipped int

	Reviews string // what became of reviewed calls; "": there are none
}

func (d *data) counts() []counts {
	var list []counts
	for _, s := range d.sources {
		for t, task := range s.set.Tasks {
			f, split := s.set.Filters[t], s.split
			of := counts{task.Name, len(split.Train), len(split.Val), len(split.Test), f.Removed(), f.Windowed, f.Truncated, f.Rare, f.Skipped, ""}
			if s.records.Reviewed != nil {
				of.Reviews = describeReviews(s.records.Reviews)
			}
			list = append(list, of)
		}
	}
	return list
}

// baselines evaluates the majority class on each task's validation records.
func (d *data) baselines() []trainer.Scores {
	var list []trainer.Scores
	for _, s := range d.sources {
		list = append(list, trainer.Baseline(s.train, s.val)...)
	}
	return list
}
