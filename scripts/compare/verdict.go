package main

import (
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/internal/meanof"
)

// The target for one model of all tasks, in shares: no figure may be further below the better
// of the references than slack, and the mean must be gain above the better of them.
const (
	slack = 0.005
	gain  = 0.01
)

// references are the recipes with which the others are held against the target.
func references() []string { return []string{"singles", "plain"} }

// verdict says whether a recipe reaches the target, over the seeds and folds that it and both
// references have.
type verdict struct {
	Recipe  string          `json:"recipe"`
	Runs    int             `json:"runs"`
	Figures []verdictFigure `json:"figures"`
}

// verdictFigure is a figure against its target: the better reference minus slack or, for the
// mean, plus gain.
type verdictFigure struct {
	Figure  string  `json:"figure"`
	Value   float64 `json:"value"`
	Target  float64 `json:"target"`
	Reached bool    `json:"reached"`
}

// verdicts are those of all recipes with one model for all tasks, except the references.
// There are none unless both references have runs.
func verdicts(recipes []recipeSummary) []verdict {
	var held [][]result // the references' runs
	for _, name := range references() {
		at := slices.IndexFunc(recipes, func(r recipeSummary) bool { return r.Name == name })
		if at < 0 {
			return nil
		}
		held = append(held, recipes[at].runs)
	}
	var list []verdict
	for _, r := range recipes {
		if r.single || slices.Contains(references(), r.Name) {
			continue
		}
		if v, ok := judge(r, held); ok {
			list = append(list, v)
		}
	}
	return list
}

// judge holds a recipe's runs against those of the references; ok is false without common ones.
func judge(r recipeSummary, held [][]result) (v verdict, ok bool) {
	all := append([][]result{r.runs}, held...)
	common := make([][]result, len(all))
	for i, runs := range all {
		for _, run := range runs {
			if !slices.ContainsFunc(all, func(other []result) bool { return !slices.ContainsFunc(other, run.paired) }) {
				common[i] = append(common[i], run)
			}
		}
	}
	v = verdict{Recipe: r.Name, Runs: len(common[0])}
	if v.Runs == 0 {
		return v, false
	}
	for _, key := range figureKeys() {
		means := valuesOf(common, func(runs []result) float64 {
			return meanof.Of(valuesOf(runs, func(r result) float64 { return r.value(key) }))
		})
		f := verdictFigure{Figure: key, Value: means[0], Target: slices.Max(means[1:]) - slack}
		if key == meanFigure {
			f.Target = slices.Max(means[1:]) + gain
		}
		f.Reached = f.Value >= f.Target-1e-12 // 0.9 - 0.005 isn't 0.895
		v.Figures = append(v.Figures, f)
	}
	return v, true
}

// String is the verdict in words.
func (f verdictFigure) String() string {
	name := titleOf(f.Figure)
	points := 100 * (f.Value - f.Target)
	if f.Reached {
		return fmt.Sprintf("%s reached, %+.1f points", name, max(points, 0))
	}
	return fmt.Sprintf("%s not reached, −%.1f points", name, -points)
}
