package evaluate

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/mlmodel"
	"github.com/trident-nlp/trident/pkg/tracking"
)

// Track logs all models' figures to a new MLflow run, and these files and folders of
// dir, as returned by [Result.Save]: other files in dir may contain anything. If a run
// has no name, it is called "eval" and the model's name. Track returns the run's URL.
func (r *Result) Track(ctx context.Context, o tracking.Options, dir string, names []string) (url string, err error) {
	if o.RunName == "" {
		o.RunName = "eval " + filepath.Base(filepath.Clean(r.options.Model))
	}
	tags := map[string]string{"strategy": "evaluation", "model": r.options.Model, "model_hash": r.hash, "mlflow.note.content": r.description()}
	if r.run != "" {
		tags["training_run"] = r.run
	}
	maps.Copy(tags, o.Tags)
	o.Tags = tags
	run, err := tracking.Open(ctx, o)
	if err != nil {
		return "", fmt.Errorf("begin the MLflow run: %w", err)
	}
	run.LogParams(r.options.params())
	values := r.metrics()
	run.LogMetrics(0, values)
	if r.run != "" {
		run.LogUsedModel(tracking.UsedModel{Run: r.run, Name: mlmodel.LoggedName, Points: ofFirst(values)})
	}
	for _, name := range names {
		file, to := filepath.Join(dir, name), "evaluation"
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			to = path.Join(to, name)
		}
		run.LogArtifacts(file, to)
	}
	if err := run.Finish(ctx, tracking.Finished); err != nil {
		return "", fmt.Errorf("log to MLflow: %w", err)
	}
	return run.URL(), nil
}

// ofFirst returns the names of the first model's figures, all at step 0.
func ofFirst(values map[string]float64) map[string]int64 {
	points := map[string]int64{}
	for name := range values {
		if strings.HasPrefix(name, "eval_") || strings.HasPrefix(name, "eval/") {
			points[name] = 0
		}
	}
	return points
}

// description returns the models' main figures, as Markdown.
func (r *Result) description() string {
	var text strings.Builder
	text.WriteString("| model | task | figure | value | 95 % interval |\n|---|---|---|---|---|\n")
	for _, m := range r.Models {
		for _, made := range m.Reports {
			if len(made.Headline) == 0 {
				continue
			}
			f := made.Headline[0]
			interval := ""
			if f.Interval != nil {
				interval = fmt.Sprintf("%.3f to %.3f", f.Interval.Low, f.Interval.High)
			}
			fmt.Fprintf(&text, "| %s | %s | %s | %.3f | %s |\n", strings.ReplaceAll(m.Model, "|", "\\|"), made.Task, f.Name, f.Value, interval)
		}
	}
	return text.String()
}

// params returns the options under their MLflow names.
func (o Options) params() map[string]string {
	var data []string
	for _, d := range o.Data {
		data = append(data, d.String())
	}
	return map[string]string{
		"model": o.Model, "compare": strings.Join(o.Compare, " "), "data": strings.Join(data, " "), "tasks": strings.Join(o.Tasks, " "),
		"held_out": strconv.FormatBool(o.HeldOut), "records": o.Records, "thresholds": o.Thresholds,
		"bootstrap": strconv.Itoa(o.Bootstrap), "seed": strconv.FormatUint(o.Seed, 10),
	}
}

// metrics returns all figures under their MLflow names: eval_TASK/FIGURE for the first
// model, FOLDER_TASK/FIGURE for the others.
func (r *Result) metrics() map[string]float64 {
	values := map[string]float64{}
	for i, prefix := range r.folders() {
		if i == 0 {
			prefix = "eval"
		}
		m := r.Models[i]
		for _, made := range m.Reports {
			for _, f := range made.Figures() {
				name := prefix + "_" + made.Task + "/" + f.Name
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
