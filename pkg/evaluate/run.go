package evaluate

import (
	"context"
	"fmt"
	"io"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
)

// Run loads all models, runs them on the data of their tasks, and makes the reports.
// Everything that can be checked without the models is checked before they are loaded.
// Errors about options are marked with [ErrOptions].
//
// Options.Threads and libtorch's random numbers are global to the process.
func Run(ctx context.Context, o Options) (*Result, error) {
	e, err := newEvaluation(o)
	if err != nil {
		return nil, err
	}
	defer e.drop()
	if err := e.load(ctx); err != nil {
		return nil, err
	}
	if e.Calibrate && !e.HeldOut && e.Records == "" {
		e.warn("--calibrate uses all records of the data: the model must not have learnt from them (--held-out uses only those that it hasn't)")
	}
	for _, c := range e.candidates {
		if err := e.score(ctx, c); err != nil {
			return nil, err
		}
	}
	if len(e.candidates) > 1 {
		if err := e.time(ctx); err != nil {
			return nil, err
		}
	}
	r, err := e.result(ctx)
	if err == nil && e.Calibrate {
		err = e.fit(r)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// evaluation is the state of [Run].
type evaluation struct {
	Options
	files      map[string]string // of data, by task; the key "" is for any task
	thresholds fusion.Thresholds
	device     gotch.Device
	candidates []*candidate
	gathered   gatherer // for a calibration
}

// newEvaluation checks everything that can be checked without the models.
func newEvaluation(o Options) (*evaluation, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	e := &evaluation{Options: o, gathered: gatherer{outputs: map[string][]calibrate.Outputs{}}}
	var err error
	if e.files, err = o.dataFiles(); err != nil {
		return nil, err
	}
	if e.device, err = torchx.Device(o.Device); err != nil {
		return nil, err
	}
	torchx.Configure(o.Threads)
	if o.Thresholds != "" {
		if e.thresholds, err = fusion.ReadThresholds(o.Thresholds); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *evaluation) precision() torchx.Precision {
	return torchx.Precision(e.Precision).Resolve(e.device)
}

// predictOptions returns how the models read calls.
func (e *evaluation) predictOptions() fusion.PredictOptions {
	return fusion.PredictOptions{Precision: e.precision(), Long: fusion.LongOf(e.Long), Overlap: e.Overlap, BatchSize: e.BatchSize}
}

// reportOptions returns the options of a task's report.
func (e *evaluation) reportOptions(task string) report.Options {
	return report.Options{Resamples: e.Bootstrap, Seed: e.Seed, Threshold: e.thresholds[task]}
}

func (e *evaluation) warn(format string, args ...any) {
	if e.Notice != nil {
		e.Notice("warning: " + fmt.Sprintf(format, args...))
	}
}

// bar shows a model's progress.
func (e *evaluation) bar(title string, total int) *terminal.Progress {
	return terminal.NewProgress(e.Progress, title, int64(total), terminal.Options{Lines: e.Progress})
}
