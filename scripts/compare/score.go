package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/usage"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// timedCalls are how many test calls of each task are timed.
const timedCalls = 30

// score evaluates the model in dir on its test calls.
func (e *encoders) score(ctx context.Context, dir string, test calls, r *result) error {
	o := evaluate.Defaults()
	o.Model, o.Device, o.Threads, o.Progress = dir, "cpu", e.Threads, io.Discard
	for i, task := range taskNames() {
		o.Data = append(o.Data, evaluate.DataFile{Task: task, Path: test[i]})
	}
	evaluated, err := evaluate.Run(ctx, o)
	if err != nil {
		return fmt.Errorf("score %s: %w", dir, err)
	}
	model := evaluated.Models[0]
	r.Parameters, r.Figures = model.Parameters, map[string]figureValue{}
	for _, report := range model.Reports {
		for _, f := range report.Headline {
			r.Figures[report.Task+" "+f.Name] = figureValue{f.Value, f.Interval}
		}
	}
	for _, c := range encoderColumns() {
		if _, ok := r.Figures[c.figure]; !ok {
			return fmt.Errorf("score %s: eval's report has no %s", dir, c.figure)
		}
	}
	if r.CallMillis, err = callMillis(ctx, dir, test); err != nil {
		return fmt.Errorf("time %s: %w", dir, err)
	}
	return nil
}

func taskNames() []string { return []string{"ner", "cls", "qa"} }

// callMillis is the processor time of one call, all tasks, tokenizing included: the mean over
// test calls of all three kinds, read one by one in one thread.
func callMillis(ctx context.Context, dir string, test calls) (float64, error) {
	nn.Configure(1)
	model, tok, err := fusion.Load(dir, gotch.CPU)
	if err != nil {
		return 0, err
	}
	defer model.Drop()
	var texts []datasets.Transcript
	for i, name := range taskNames() {
		t := slices.Index(tasks.Names(model.Tasks), name)
		if t < 0 {
			return 0, fmt.Errorf("the model has no task %s", name)
		}
		records, err := datasets.Load(ctx, datasets.Source{Path: test[i], Tasks: model.Tasks[t : t+1], KeepUnknown: true})
		if err != nil {
			return 0, err
		}
		texts = append(texts, records.Texts[:min(timedCalls, len(records.Texts))]...)
	}
	predictor := fusion.NewPredictor(model, tok)
	one := func(text datasets.Transcript) error {
		_, err := predictor.Predict(ctx, []datasets.Transcript{text}, fusion.PredictOptions{})
		return err
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
