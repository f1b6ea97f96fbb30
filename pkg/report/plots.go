package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/internal/plot"
	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// plotKey identifies a plot of a head, or of the task if head is -1.
type plotKey struct {
	head int
	kind string // confusion, reliability, sweep, f1
}

// reliabilityCalibrated is the kind of plot of a reliability with a fitted temperature.
const reliabilityCalibrated = "reliability-calibrated"

// plotBases returns the names of a report's plots, without extension: TASK-f1 and
// TASK-HEAD-KIND. Characters that file systems may reject are replaced; no two names are
// the same.
func plotBases(r Report) map[plotKey]string {
	bases := map[plotKey]string{}
	used := map[string]bool{}
	name := func(head int, kind string, parts ...string) {
		base := slug(strings.Join(append(parts, kind), "-"))
		unique := base
		for n := 2; used[unique]; n++ {
			unique = base + "-" + strconv.Itoa(n)
		}
		used[unique] = true
		bases[plotKey{head, kind}] = unique
	}
	if r.Kind != tasks.MultiClass {
		name(-1, "f1", r.Task)
	}
	for h, head := range r.Heads {
		if head.Records == 0 {
			continue
		}
		parts := []string{r.Task, head.Name}
		if r.Kind.Layout().PerToken {
			parts = parts[:1]
		}
		name(h, "confusion", parts...)
		name(h, "reliability", parts...)
		if head.Calibrated != nil {
			name(h, reliabilityCalibrated, parts...)
		}
		switch r.Kind {
		case tasks.MultiClass:
			name(h, "f1", parts...)
		case tasks.MultiLabel:
			name(h, "sweep", parts...)
		}
	}
	return bases
}

// slug keeps only ASCII letters, digits, - and _.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
}

// Plots saves the report's plots in a directory, which it creates if necessary, each as
// PNG and SVG. It returns the files' names in dir. There is a confusion matrix and a
// reliability diagram per head, a threshold sweep for multilabel heads, and a bar chart
// of the F1 of entities, classes and outputs. The matrix of a multilabel head is over
// all its outputs.
func (r Report) Plots(ctx context.Context, dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("plots of task %s: %w", r.Task, err)
	}
	var files []string
	bases := plotBases(r)
	save := func(head int, kind string, figure *plot.Figure, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			var written []string
			written, err = figure.Save(filepath.Join(dir, bases[plotKey{head, kind}]))
			for _, file := range written {
				files = append(files, filepath.Base(file))
			}
		}
		if err != nil {
			return fmt.Errorf("plot %s of task %s: %w", kind, r.Task, err)
		}
		return nil
	}
	if bars := r.bars(); len(bars) > 0 {
		title := r.Task + ": F1 of yes"
		if r.Entities != nil {
			title = r.Task + ": F1 of entities"
		}
		figure, err := barsOf(title, bars)
		if err := save(-1, "f1", figure, err); err != nil {
			return files, err
		}
	}
	for h, head := range r.Heads {
		if head.Records == 0 {
			continue
		}
		for kind, draw := range r.drawings(head) {
			figure, err := draw()
			if err := save(h, kind, figure, err); err != nil {
				return files, err
			}
		}
	}
	slices.Sort(files)
	return files, nil
}

// bars returns the scores in a task's bar chart.
func (r Report) bars() []LabelScore {
	if r.Entities != nil && r.Heads[0].Records > 0 {
		return bySupport(r.Entities.PerLabel)
	}
	var list []LabelScore
	for _, head := range r.Heads {
		if head.Flags == nil || head.Records == 0 {
			continue
		}
		for _, output := range head.Flags.Outputs {
			list = append(list, output.LabelScore)
		}
	}
	return list
}

// drawings returns functions that draw the plots of a head, by kind.
func (r Report) drawings(head Head) map[string]func() (*plot.Figure, error) {
	title := r.Task
	if !r.Kind.Layout().PerToken {
		title += ", " + head.Name
	}
	list := map[string]func() (*plot.Figure, error){
		"reliability": func() (*plot.Figure, error) { return reliability(title+": reliability", head.Calibration) },
	}
	if c := head.Calibrated; c != nil {
		list[reliabilityCalibrated] = func() (*plot.Figure, error) { return reliability(title+": calibrated", *c) }
	}
	if c := head.Classes; c != nil {
		list["confusion"] = func() (*plot.Figure, error) {
			return plot.Confusion(title+": confusion", c.Labels, c.Confusion)
		}
		if r.Kind == tasks.MultiClass {
			list["f1"] = func() (*plot.Figure, error) { return barsOf(title+": F1", bySupport(c.PerLabel)) }
		}
	}
	if f := head.Flags; f != nil {
		list["confusion"] = func() (*plot.Figure, error) {
			return plot.Confusion(title+": confusion", []string{"no", "yes"}, f.pooled())
		}
		list["sweep"] = func() (*plot.Figure, error) {
			points := make([]plot.Point, len(f.Sweep))
			for i, p := range f.Sweep {
				points[i] = plot.Point(p)
			}
			return plot.Sweep(title+": thresholds", points, f.Best.Threshold)
		}
	}
	return list
}

func reliability(title string, c metrics.Calibration) (*plot.Figure, error) {
	bins := make([]plot.Bin, len(c.Bins))
	for i, b := range c.Bins {
		bins[i] = plot.Bin{Confidence: b.Confidence, Accuracy: b.Accuracy, Count: b.Count}
	}
	return plot.Reliability(title, bins, c.ECE)
}

// pooled returns the confusion matrix over all outputs.
func (f Flags) pooled() metrics.Confusion {
	sum := metrics.Confusion{{0, 0}, {0, 0}}
	for _, output := range f.Outputs {
		for i, row := range output.Confusion {
			for j, count := range row {
				sum[i][j] += count
			}
		}
	}
	return sum
}

func barsOf(title string, scores []LabelScore) (*plot.Figure, error) {
	labels, values, support := make([]string, len(scores)), make([]float64, len(scores)), make([]int, len(scores))
	for i, s := range scores {
		labels[i], values[i], support[i] = s.Label, s.F1, s.Support
	}
	return plot.Bars(title, "F1", labels, values, support)
}
