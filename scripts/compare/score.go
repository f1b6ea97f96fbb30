package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/usage"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// timedCalls are how many test calls of each task are timed.
const timedCalls = 30

// score evaluates the models in some folders, which do the three tasks together, on their test
// calls.
func (c *compare) score(ctx context.Context, recipe recipe, dirs []string, test calls, r *result) error {
	name := strings.Join(dirs, "+")
	said, err := c.said(ctx, recipe, dirs, test, r)
	if err != nil {
		return fmt.Errorf("score %s: %w", name, err)
	}
	if err := c.scoreElsewhere(ctx, dirs, r); err != nil {
		return fmt.Errorf("score %s on the calls of %s: %w", name, c.Also, err)
	}
	for _, column := range columns() {
		if _, ok := r.Figures[column.figure]; !ok {
			return fmt.Errorf("score %s: its report has no %s", name, column.figure)
		}
	}
	if r.CallMillis, err = callMillis(ctx, dirs, test, recipe.overlap); err != nil {
		return fmt.Errorf("time %s: %w", name, err)
	}
	r.Outputs = r.id() + ".gob.gz"
	if err := writeOutputs(filepath.Join(c.Out, "outputs", r.Outputs), said); err != nil {
		return err
	}
	r.Finished = time.Now().UTC().Truncate(time.Second)
	return nil
}

// said adds the figures to a result, and returns what the models said, as decisions.
func (c *compare) said(ctx context.Context, recipe recipe, dirs []string, test calls, r *result) ([]report.Outputs, error) {
	r.Figures = map[string]figureValue{}
	if c.whole {
		return c.scoreWhole(ctx, dirs, test, recipe.overlap, r)
	}
	model, err := c.evaluate(ctx, dirs, test)
	if err != nil {
		return nil, err
	}
	r.Parameters = model.Parameters
	r.addHeadlines("", model.Reports, func(string) bool { return true })
	return decisions(model.Outputs), nil
}

// addHeadlines adds those main figures of reports whose keys are wanted, under these keys after
// a prefix.
func (r *result) addHeadlines(prefix string, reports []report.Report, wanted func(key string) bool) {
	for _, rep := range reports {
		for _, f := range rep.Headline {
			if key := rep.Task + " " + f.Name; wanted(key) {
				r.Figures[prefix+key] = figureValue{f.Value, f.Interval}
			}
		}
	}
}

// evaluate is eval of the models, together, on test calls.
func (c *compare) evaluate(ctx context.Context, dirs []string, test calls) (evaluate.ModelResult, error) {
	o := evaluate.Defaults()
	o.Model, o.Device, o.Threads, o.Progress = strings.Join(dirs, "+"), "cpu", c.Threads, io.Discard
	for i, task := range taskNames() {
		o.Data = append(o.Data, evaluate.DataFile{Task: task, Path: test[i]})
	}
	evaluated, err := evaluate.Run(ctx, o)
	if err != nil {
		return evaluate.ModelResult{}, err
	}
	return evaluated.Models[0], nil
}

func taskNames() []string { return []string{"ner", "cls", "qa"} }

// column is a figure of the comparison.
type column struct{ task, figure, title string }

func columns() []column {
	return []column{
		{"ner", "ner entity_f1", "entity F1"}, {"cls", "cls avg_acc", "CLS accuracy"}, {"qa", "qa criteria_f1", "F1 over QA's criteria"},
	}
}

func isColumn(figure string) bool {
	return slices.ContainsFunc(columns(), func(c column) bool { return c.figure == figure })
}

// callMillis is the processor time of one call, all tasks, tokenizing included: the mean over
// test calls of all three kinds, read one by one in one thread, by one model after the other.
// overlap is how many tokens windows share; nil: they read as they have learnt.
func callMillis(ctx context.Context, dirs []string, test calls, overlap *int) (float64, error) {
	nn.Configure(1)
	var predictors []*fusion.Predictor
	var known []tasks.Task
	for _, dir := range dirs {
		model, tok, err := fusion.Load(dir, gotch.CPU)
		if err != nil {
			return 0, err
		}
		defer model.Drop()
		predictors, known = append(predictors, fusion.NewPredictor(model, tok)), append(known, model.Tasks...)
	}
	var texts []datasets.Transcript
	for i, name := range taskNames() {
		t := slices.Index(tasks.Names(known), name)
		if t < 0 {
			return 0, fmt.Errorf("no model has a task %s", name)
		}
		records, err := datasets.Load(ctx, datasets.Source{Path: test[i], Tasks: known[t : t+1], KeepUnknown: true})
		if err != nil {
			return 0, err
		}
		texts = append(texts, records.Texts[:min(timedCalls, len(records.Texts))]...)
	}
	one := func(text datasets.Transcript) error {
		for _, p := range predictors {
			if _, err := p.Predict(ctx, []datasets.Transcript{text}, fusion.PredictOptions{Overlap: overlap}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := one(texts[0]); err != nil { // warm-up
		return 0, err
	}
	before, err := usage.CPUTime()
	if err != nil {
		return 0, err
	}
	for _, text := range texts {
		if err := one(text); err != nil {
			return 0, err
		}
	}
	after, err := usage.CPUTime()
	return float64(after-before) / float64(time.Millisecond) / float64(len(texts)), err
}
