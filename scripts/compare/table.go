package main

import (
	"fmt"
	"strings"

	"github.com/trident-nlp/trident/internal/meanof"
	"github.com/trident-nlp/trident/internal/numbers"
)

// table is Markdown: for each data set the recipes' figures, their differences from the
// baseline, and what is reached of the target.
func table(all []summary) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "%s:\n\n", s.Data)
		writeFigures(&b, s)
		writeDetails(&b, s)
		writeDifferences(&b, s)
		writeVerdicts(&b, s)
	}
	b.WriteString(`Means over the runs (seeds, or folds and seeds) ± half of the 95 % interval of the mean (t-distribution). Of a single run:
the figure (95 % interval over the test calls). Milliseconds and minutes are processor time: of one thread, and of all
threads together. Pretraining and search are done once for all seeds.
`)
	return b.String()
}

func writeFigures(b *strings.Builder, s summary) {
	heads := []string{"", "runs"}
	for _, key := range figureKeys() {
		heads = append(heads, titleOf(key))
	}
	heads = append(heads, "parameters", "ms per call", "minutes of training", "with teachers'")
	pretrained, searched := false, false
	for _, r := range s.Recipes {
		pretrained, searched = pretrained || r.Pretrain > 0, searched || r.Searching > 0
	}
	if pretrained {
		heads = append(heads, "of pretraining")
	}
	if searched {
		heads = append(heads, "of search", "learning rates")
	}
	row(b, heads)
	b.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
	for _, r := range s.Recipes {
		cells := []string{r.Title, fmt.Sprint(r.Runs)}
		for _, key := range figureKeys() {
			cells = append(cells, r.Figures[key].String())
		}
		cells = append(cells, numbers.Thousands(r.Parameters), fmt.Sprintf("%.1f", r.CallMillis),
			fmt.Sprintf("%.1f", r.Training), fmt.Sprintf("%.1f", r.Training+r.Teachers))
		if pretrained {
			cells = append(cells, unlessZero(r.Pretrain))
		}
		if searched {
			cells = append(cells, unlessZero(r.Searching), rates(r.Rates))
		}
		row(b, cells)
	}
	b.WriteString("\n")
}

// String is the mean with half of its interval, or the figure of a single run with its interval.
func (e estimate) String() string {
	text := meanof.Spread("%.3f", e.Values)
	if e.Interval != nil {
		text += fmt.Sprintf(" (%.3f – %.3f)", e.Interval.Low, e.Interval.High)
	}
	return text
}

// rates lists learning rates in the order of the tasks.
func rates(byPart map[string]float64) string {
	var list []string
	for _, name := range append([]string{"all"}, taskNames()...) {
		if rate, ok := byPart[name]; ok {
			list = append(list, fmt.Sprintf("%g", rate))
		}
	}
	return strings.Join(list, ", ")
}

func unlessZero(minutes float64) string {
	if minutes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", minutes)
}

func writeDifferences(b *strings.Builder, s summary) {
	heads := []string{"", "pairs of runs"}
	for _, key := range figureKeys() {
		heads = append(heads, titleOf(key))
	}
	first := true
	for _, r := range s.Recipes {
		if r.Paired == 0 {
			continue
		}
		if first {
			fmt.Fprintf(b, "Difference from %s in points, with the same seeds (95 %% bootstrap interval over the test calls):\n\n", s.Baseline)
			row(b, heads)
			b.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
			first = false
		}
		cells := []string{r.Title, fmt.Sprint(r.Paired)}
		for _, key := range figureKeys() {
			d := r.Difference[key]
			cells = append(cells, strings.ReplaceAll(fmt.Sprintf("%+.1f (%+.1f – %+.1f)", 100*d.Value, 100*d.Interval.Low, 100*d.Interval.High), "-", "−"))
		}
		row(b, cells)
	}
	if !first {
		b.WriteString("\n")
	}
}

func writeVerdicts(b *strings.Builder, s summary) {
	if len(s.Verdicts) == 0 {
		return
	}
	fmt.Fprintf(b, "Target: each figure at most %.1f points below the better of %s, the mean %.1f point above it (in points from that):\n\n",
		100*slack, strings.Join(references(), " and "), 100*gain)
	for _, v := range s.Verdicts {
		var words []string
		for _, f := range v.Figures {
			words = append(words, f.String())
		}
		runs := "1 run"
		if v.Runs > 1 {
			runs = fmt.Sprintf("%d runs", v.Runs)
		}
		fmt.Fprintf(b, "- %s (%s): %s.\n", v.Recipe, runs, strings.Join(words, "; "))
	}
	b.WriteString("\n")
}

func row(b *strings.Builder, cells []string) {
	b.WriteString("|")
	for _, c := range cells {
		if c != "" {
			b.WriteString(" " + c)
		}
		b.WriteString(" |")
	}
	b.WriteString("\n")
}
