package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/trident-nlp/trident/internal/meanof"
	"github.com/trident-nlp/trident/pkg/metrics"
)

// summary is the comparison on one data set, an element of summary.json.
type summary struct {
	Data     string          `json:"data"`
	Baseline string          `json:"baseline"`
	Recipes  []recipeSummary `json:"recipes"`
	Verdicts []verdict       `json:"verdicts"`
}

// recipeSummary is a recipe's means over its runs: seeds, folds, or both.
type recipeSummary struct {
	Name       string                 `json:"name"`
	Title      string                 `json:"title"`
	Runs       int                    `json:"runs"`
	Seeds      []uint64               `json:"seeds"`                    // by run
	Figures    map[string]estimate    `json:"figures"`                  // by the keys of the results, and "mean"
	Difference map[string]figureValue `json:"difference,omitempty"`     // from the baseline, by the keys of Figures
	Paired     int                    `json:"paired_runs"`              // behind Difference
	Details    map[string]estimate    `json:"details,omitempty"`        // of the group long or --also, by the keys of the results
	Curves     map[string][]average   `json:"curves"`                   // on the validation calls, by the keys of the results
	Rates      map[string]float64     `json:"learning_rates,omitempty"` // of the first run

	Parameters int64   `json:"parameters"`
	CallMillis float64 `json:"cpu_ms_per_call"`
	Training   float64 `json:"cpu_minutes"`
	Teachers   float64 `json:"cpu_minutes_of_teachers"`
	Pretrain   float64 `json:"cpu_minutes_of_pretraining"` // once for all seeds
	Searching  float64 `json:"cpu_minutes_of_search"`      // once for all seeds

	single bool // a model for each task
	runs   []result
}

// estimate is a mean over runs. Half is half of its 95 % interval by Student's t-distribution,
// 0 of a single run, which has the Interval over the test calls, if there is one.
type estimate struct {
	Mean     float64           `json:"mean"`
	Half     float64           `json:"half,omitempty"`
	Interval *metrics.Interval `json:"interval,omitempty"`
	Values   []float64         `json:"values"` // by run
}

// average is the mean of a curve's points over the runs, with half of its interval.
type average struct {
	Epochs float64 `json:"epochs"`
	Mean   float64 `json:"mean"`
	Half   float64 `json:"half,omitempty"`
}

// meanFigure is the key of the mean of the columns.
const meanFigure = "mean"

// meanOf is the mean of a run's columns.
func meanOf(r result) float64 {
	var values []float64
	for _, c := range columns() {
		values = append(values, r.Figures[c.figure].Value)
	}
	return meanof.Of(values)
}

// value is a run's figure; "mean": that of the columns.
func (r result) value(figure string) float64 {
	if figure == meanFigure {
		return meanOf(r)
	}
	return r.Figures[figure].Value
}

// figureKeys are the keys of a summary's figures.
func figureKeys() []string {
	var keys []string
	for _, c := range columns() {
		keys = append(keys, c.figure)
	}
	return append(keys, meanFigure)
}

// titleOf is the title of a summary's figure.
func titleOf(key string) string {
	for _, c := range columns() {
		if c.figure == key {
			return c.title
		}
	}
	return "mean of the three"
}

// summarise returns the comparison on each data set. Runs with other settings than the
// recipes' are left out.
func (c *compare) summarise(ctx context.Context, done []result) ([]summary, error) {
	byData := map[string][]recipeSummary{}
	for _, recipe := range c.all {
		runs := map[string][]result{}
		for _, r := range done {
			if r.same(c.planned(recipe, sets{name: r.Data, fold: r.Fold}, r.Seed)) {
				runs[r.Data] = append(runs[r.Data], r)
			}
		}
		for data, list := range runs {
			byData[data] = append(byData[data], summariseRuns(recipe, list))
		}
	}
	var all []summary
	for _, data := range slices.Sorted(maps.Keys(byData)) {
		s := summary{Data: data, Baseline: c.Baseline, Recipes: byData[data]}
		if err := c.addDifferences(ctx, &s); err != nil {
			return nil, err
		}
		s.Verdicts = verdicts(s.Recipes)
		all = append(all, s)
	}
	return all, nil
}

func summariseRuns(recipe recipe, runs []result) recipeSummary {
	s := recipeSummary{
		Name: recipe.name, Title: recipe.title, Runs: len(runs), Figures: map[string]estimate{}, Curves: map[string][]average{},
		Parameters: runs[0].Parameters, Rates: runs[0].Rates, Pretrain: runs[0].Pretrain.CPUMinutes, Searching: runs[0].Searching.CPUMinutes,
		CallMillis: meanof.Of(valuesOf(runs, func(r result) float64 { return r.CallMillis })),
		Training:   meanof.Of(valuesOf(runs, func(r result) float64 { return r.Training.CPUMinutes })),
		Teachers:   meanof.Of(valuesOf(runs, func(r result) float64 { return r.Teachers.CPUMinutes })),
		single:     recipe.single(), runs: runs,
	}
	for _, r := range runs {
		s.Seeds = append(s.Seeds, r.Seed)
	}
	for _, key := range figureKeys() {
		s.Figures[key] = estimated(runs, key)
		if points := averages(runs, key); len(points) > 0 {
			s.Curves[key] = points
		}
	}
	s.Details = details(recipe, runs)
	return s
}

// estimated is the mean of a figure over the runs.
func estimated(runs []result, key string) estimate {
	e := estimate{Values: valuesOf(runs, func(r result) float64 { return r.value(key) })}
	e.Mean = meanof.Of(e.Values)
	e.Half, _ = meanof.Margin(e.Values)
	if len(runs) == 1 {
		e.Interval = runs[0].Figures[key].Interval
	}
	return e
}

// averages is the mean curve of the runs that have as many points as the first.
func averages(runs []result, figure string) []average {
	first := runs[0].Curves[figure]
	list := make([]average, len(first))
	for i, p := range first {
		var values []float64
		for _, r := range runs {
			if points := r.Curves[figure]; len(points) == len(first) {
				values = append(values, points[i].Value)
			}
		}
		half, _ := meanof.Margin(values)
		list[i] = average{p.Epochs, meanof.Of(values), half}
	}
	return list
}

func valuesOf[T any](list []T, value func(T) float64) []float64 {
	var values []float64
	for _, v := range list {
		values = append(values, value(v))
	}
	return values
}

// addDifferences compares each recipe with the baseline, where both have runs with the same
// seed and fold.
func (c *compare) addDifferences(ctx context.Context, s *summary) error {
	at := slices.IndexFunc(s.Recipes, func(r recipeSummary) bool { return r.Name == c.Baseline })
	if at < 0 {
		return nil
	}
	base := make([]scores, s.Recipes[at].Runs)
	for i, r := range s.Recipes[at].runs {
		var err error
		if base[i], err = c.readScores(r); err != nil {
			return err
		}
	}
	for i := range s.Recipes {
		if i == at {
			continue
		}
		var pairs []pair
		for _, r := range s.Recipes[i].runs {
			other := slices.IndexFunc(s.Recipes[at].runs, r.paired)
			if other < 0 {
				continue
			}
			own, err := c.readScores(r)
			if err != nil {
				return err
			}
			pairs = append(pairs, pair{r.Fold, own, base[other]})
		}
		if len(pairs) == 0 {
			continue
		}
		difference, err := difference(ctx, pairs)
		if err != nil {
			return fmt.Errorf("compare %s with %s: %w", s.Recipes[i].Name, c.Baseline, err)
		}
		s.Recipes[i].Difference, s.Recipes[i].Paired = difference, len(pairs)
	}
	return nil
}

// paired reports whether another recipe's run had the same seed and the same calls.
func (r result) paired(other result) bool {
	return r.Seed == other.Seed && r.Fold == other.Fold && r.Data == other.Data
}

// save writes summary.json and the plots.
func (c *compare) save(all []summary) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(c.Out, "summary.json"), append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	for _, s := range all {
		if err := s.draw(filepath.Join(c.Out, "plots", folderName(s.Data))); err != nil {
			return fmt.Errorf("draw the comparison on %s: %w", s.Data, err)
		}
	}
	return nil
}
