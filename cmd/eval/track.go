package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/tracking"
)

func (f *flags) trackingURI() string { return tracking.ResolveURI(f.TrackingURI, os.Getenv) }

// track logs all models' figures to MLflow, and these files and folders of
// dir: others that lie there may hold anything.
func (e *evaluation) track(ctx context.Context, r results, dir string, files []string) error {
	name := e.RunName
	if name == "" {
		name = "eval " + filepath.Base(filepath.Clean(e.Model))
	}
	run, err := tracking.Open(ctx, tracking.Options{
		URI:        e.trackingURI(),
		Experiment: e.Experiment,
		RunName:    name,
		Warn:       func(text string) { fmt.Fprintln(e.io.Err, "eval:", text) },
		Tags:       map[string]string{"strategy": "evaluation", "model": e.Model},
	})
	if err != nil {
		return fmt.Errorf("begin the MLflow run: %w", err)
	}
	run.LogParams(map[string]string{
		"model": e.Model, "compare": strings.Join(e.Compare, " "), "data": strings.Join(e.Data, " "), "tasks": strings.Join(e.Task, " "),
		"held_out": strconv.FormatBool(e.HeldOut), "records": e.Records, "thresholds": e.Thresholds,
		"bootstrap": strconv.Itoa(e.Bootstrap), "seed": strconv.FormatUint(e.Seed, 10),
	})
	run.LogMetrics(0, r.metrics())
	for _, name := range files {
		file, to := filepath.Join(dir, name), "evaluation"
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			to = path.Join(to, name)
		}
		run.LogArtifacts(file, to)
	}
	if err := run.Finish(ctx, tracking.Finished); err != nil {
		return fmt.Errorf("log to MLflow: %w", err)
	}
	fmt.Fprintf(e.io.Err, "MLflow run: %s\n", run.URL())
	return nil
}

// metrics are all figures by MLflow's names: eval_TASK/FIGURE of the first
// model, FOLDER_TASK/FIGURE of the others.
func (r results) metrics() map[string]float64 {
	values := map[string]float64{}
	for i, prefix := range r.folders() {
		if i == 0 {
			prefix = "eval"
		}
		m := r.Models[i]
		for _, report := range m.Reports {
			for _, f := range report.Figures() {
				name := prefix + "_" + report.Task + "/" + f.Name
				values[name] = f.Value
				if f.Interval != nil {
					values[name+"_low"], values[name+"_high"] = f.Interval.Low, f.Interval.High
				}
			}
		}
		if m.MillisPerCall > 0 {
			values[prefix+"/millis_per_call"] = m.MillisPerCall
		}
		values[prefix+"/parameters"] = float64(m.Parameters)
	}
	return values
}
