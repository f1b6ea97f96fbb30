package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
)

// encoderColumn is a figure of the table.
type encoderColumn struct{ figure, title string }

func encoderColumns() []encoderColumn {
	return []encoderColumn{{"ner entity_f1", "entity F1"}, {"cls avg_acc", "CLS accuracy"}, {"qa criteria_f1", "F1 over QA's criteria"}}
}

// encoderTable is a Markdown table for each data set: means over the finished runs of each
// recipe. Runs with other settings than today's are left out.
func encoderTable(all []recipe, done []result) string {
	var b strings.Builder
	names, byData := groups(all, done)
	for _, name := range names {
		fmt.Fprintf(&b, "%s:\n\n| | runs |", name)
		for _, c := range encoderColumns() {
			fmt.Fprintf(&b, " %s |", c.title)
		}
		b.WriteString(" parameters | ms per call | minutes of training | of pretraining |\n|---|---|" + strings.Repeat("---|", len(encoderColumns())+4) + "\n")
		for i, runs := range byData[name] {
			if len(runs) > 0 {
				writeRow(&b, all[i].title, runs)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString(`Means over the runs (seeds, or folds and seeds) ± half of the 95 % interval of the mean (t-distribution). Of a single run:
the figure (95 % interval over the test calls). Milliseconds and minutes are processor time: of one thread, and of all
threads together.
`)
	return b.String()
}

func writeRow(b *strings.Builder, title string, runs []result) {
	fmt.Fprintf(b, "| %s | %d |", title, len(runs))
	for _, c := range encoderColumns() {
		fmt.Fprintf(b, " %s", spread("%.3f", column(runs, func(r result) float64 { return r.Figures[c.figure].Value })))
		if interval := runs[0].Figures[c.figure].Interval; len(runs) == 1 && interval != nil {
			fmt.Fprintf(b, " (%.3f – %.3f)", interval.Low, interval.High)
		}
		b.WriteString(" |")
	}
	fmt.Fprintf(b, " %s | %.1f | %.1f |", numbers.Thousands(runs[0].Parameters),
		mean(column(runs, func(r result) float64 { return r.CallMillis })),
		mean(column(runs, func(r result) float64 { return r.Training.CPUMinutes })))
	if pretraining := runs[0].Pretrain.CPUMinutes; pretraining > 0 {
		fmt.Fprintf(b, " %.1f |\n", pretraining)
	} else {
		b.WriteString(" – |\n")
	}
}

func column(runs []result, value func(result) float64) []float64 {
	var list []float64
	for _, r := range runs {
		list = append(list, value(r))
	}
	return list
}

// groups are the results by data and recipe, in the order of recipes.
func groups(all []recipe, done []result) (names []string, list map[string][][]result) {
	list = map[string][][]result{}
	for _, r := range done {
		if list[r.Data] == nil {
			list[r.Data] = make([][]result, len(all))
		}
		i := slices.IndexFunc(all, func(a recipe) bool { return a.name == r.Recipe && slices.Equal(a.fingerprint(), r.Settings) })
		if i >= 0 {
			list[r.Data][i] = append(list[r.Data][i], r)
		}
	}
	return slices.Sorted(maps.Keys(list)), list
}
