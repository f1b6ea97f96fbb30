// Command eval scores trained models on labelled calls and writes reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/libtorch"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/tracking"
)

const help = `Score a trained model on labelled helpline calls: figures with 95 % intervals, a table for each label, confusion,
thresholds, calibration.

It prints the figures; --output keeps all of it: report.md, metrics.json, thresholds.json, plots, predictions as CSV.
No transcript is in any of them.

Examples:
  eval --model models/quickstart --data cls=cases.json
  eval --model models/quickstart --data ner=ner.jsonl --data cls=cases.json --data qa=qa.json --output reports/quickstart
  eval --model models/quickstart --data cls=data/quickstart/cases_generated_data_v0005.json --held-out
  eval --model models/quickstart --held-out --calibrate --recall priority=critical:0.95 --data cls=data/quickstart/cases_generated_data_v0005.json
  eval --model models/fusion --compare ner_model+classification_model+qa_model --data ner=ner.jsonl --data cls=cases.json --data qa=qa.json
  eval --model models/quickstart --data qa=qa.json --format json | jq '.models[0].reports[0].headline'`

// flags are the command line.
type flags struct {
	Model   string   `path:"parts" required:"" placeholder:"DIR" help:"Model directory, as written by train. DIR+DIR+… are models that do the tasks together, as single-task models do."`
	Compare []string `path:"parts" sep:"none" placeholder:"DIR" help:"Another model, or DIR+DIR+…, to set beside it, with parameters and time per call. Can be repeated."`

	Data    []string `path:"parts" group:"Calls" required:"" sep:"none" placeholder:"[TASK=]FILE" help:"Labelled calls, as for training; TASK= says for which task. Can be repeated."`
	Task    []string `group:"Calls" placeholder:"NAME" help:"Score these tasks only. With one, --data needs no TASK=."`
	HeldOut bool     `group:"Calls" xor:"records" help:"Score only the records that the model's training held out, by its held_out_*.csv: the test records, or if there are none the validation records. --data must be the files of training."`
	Records string   `path:"" group:"Calls" xor:"records" placeholder:"CSV" help:"Score only the records that the column \"record\" of this file numbers, from 1; of those only the test records where a column \"share\" has such."`

	IndependentHeads bool `group:"Calls" help:"Each head says its own likeliest label, as in the Python prototype, even if main and sub-category then contradict each other."`

	Long    string `group:"Calls" enum:"auto,windows,mean,truncate" default:"auto" help:"How to read calls that are too long for the model to read at once, as infer does: windows, mean, truncate, or auto: as the model learnt (${default})."`
	Overlap int    `group:"Calls" default:"0" placeholder:"N" help:"Tokens that windows of a long call share; 0: as many as the model learnt, or 128."`

	SkipBadRecords bool `group:"Calls" help:"Leave out records that can't be used, and count them, instead of refusing the file."`

	Output        string   `path:"" group:"Report" placeholder:"DIR" help:"Write report.md, metrics.json, thresholds.json, predictions_TASK.csv and plots/ there. Other files there stay."`
	Format        string   `group:"Report" enum:"text,markdown,json" default:"text" help:"What to print: text (the figures), markdown (the whole report) or json (${default})."`
	Plots         bool     `group:"Report" default:"true" negatable:"" help:"Draw plots, with --output or --mlflow (yes)."`
	Thresholds    string   `path:"" group:"Report" placeholder:"FILE" help:"Thresholds of yes/no outputs, as an earlier thresholds.json has them, instead of 0.5."`
	Bootstrap     int      `group:"Report" default:"1000" placeholder:"N" help:"Resamples for the intervals; 0: none (${default})."`
	Seed          cli.Seed `group:"Report" default:"42" placeholder:"N" help:"Seed of the resamples (${default})."`
	TimedCalls    int      `group:"Report" default:"20" placeholder:"N" help:"Calls to time, one by one, with --compare (${default})."`
	BatchSize     int      `group:"Processor" default:"32" placeholder:"N" help:"Calls that go through the model at once (${default})."`
	Device        string   `group:"Processor" default:"auto" placeholder:"NAME" help:"auto, cpu, cuda or cuda:N (${default})."`
	Threads       int      `group:"Processor" default:"0" placeholder:"N" help:"CPU threads; 0: one for each core (${default})."`
	Precision     string   `group:"Processor" enum:"fp32,bf16,int8,auto" default:"fp32" help:"fp32; bf16 and int8 (faster, a little less exact; int8 on the CPU only); or auto: bf16 where the processor has it (${default})."`
	Calibrate     bool     `group:"Calibration" help:"Calibrate the model's probabilities on these records, which it must not have learnt from (--held-out): writes calibration.json into its directory, which infer, serve and eval then use."`
	Recall        []string `group:"Calibration" sep:"none" placeholder:"HEAD=LABEL:SHARE" help:"With --calibrate: the probability from which a call is suspected to have a label, so that this share of the calls that have it are, as in priority=critical:0.95. Can be repeated."`
	LanguageField string   `group:"Calibration" placeholder:"FIELD" help:"With --calibrate: the records' field with the language of a call, for sets of labels by language."`

	MLflow      bool   `group:"MLflow" name:"mlflow" help:"Log figures, and the files of --output, to MLflow."`
	TrackingURI string `group:"MLflow" name:"tracking-uri" default:"file:./mlruns" placeholder:"URI" help:"Where MLflow is; MLFLOW_TRACKING_URI goes before it (${default})."`
	Experiment  string `group:"MLflow" default:"evaluation" placeholder:"NAME" help:"MLflow's experiment (${default})."`
	RunName     string `group:"MLflow" placeholder:"NAME" help:"The run's name in MLflow (\"eval\" and the model's name)."`
}

func main() { os.Exit(cli.Main("eval", help, &flags{}, os.Args[1:], cli.Standard())) }

// Libtorch is for --version.
func (*flags) Libtorch() string { return libtorch.Version }

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, streams cli.Streams) error {
	err := f.run(ctx, streams)
	if errors.Is(err, evaluate.ErrOptions) {
		return cli.Usagef("%w", err)
	}
	return err
}

func (f *flags) run(ctx context.Context, streams cli.Streams) error {
	o, err := f.options(streams)
	if err != nil {
		return err
	}
	if err := f.check(o); err != nil {
		return err
	}
	result, err := evaluate.Run(ctx, o)
	if err != nil {
		return err
	}
	if f.Calibrate {
		if err := result.SaveCalibration(); err != nil {
			return err
		}
		fmt.Fprintf(streams.Err, "Calibration: %s\n", calibrate.Path(f.Model))
	}
	if err := f.print(streams.Out, result); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	return f.keep(ctx, result, streams)
}

// options converts the flags for [evaluate.Run].
func (f *flags) options(streams cli.Streams) (evaluate.Options, error) {
	o := evaluate.Options{
		Model:   f.Model,
		Compare: f.Compare,

		Tasks:   f.Task,
		HeldOut: f.HeldOut,
		Records: f.Records,

		IndependentHeads: f.IndependentHeads,
		SkipBadRecords:   f.SkipBadRecords,

		Long:    f.Long,
		Overlap: f.Overlap,

		Calibrate:     f.Calibrate,
		LanguageField: f.LanguageField,

		Thresholds: f.Thresholds,
		Bootstrap:  f.Bootstrap,
		Seed:       uint64(f.Seed),
		TimedCalls: f.TimedCalls,

		BatchSize: f.BatchSize,
		Device:    f.Device,
		Threads:   f.Threads,
		Precision: f.Precision,

		Progress: streams.Err,
		Notice:   notice(streams),
	}
	for _, text := range f.Data {
		file, err := evaluate.ParseDataFile(text)
		if err != nil {
			return o, err
		}
		o.Data = append(o.Data, file)
	}
	for _, text := range f.Recall {
		wish, err := evaluate.ParseRecall(text)
		if err != nil {
			return o, err
		}
		o.Recall = append(o.Recall, wish)
	}
	return o, nil
}

func notice(streams cli.Streams) func(line string) {
	return func(line string) { fmt.Fprintln(streams.Err, "eval:", line) }
}

// check finds, before the evaluation, errors that would prevent saving the report.
func (f *flags) check(o evaluate.Options) error {
	if err := o.Check(); err != nil {
		return err
	}
	if f.Output != "" {
		if err := o.CheckOutput(f.Output); err != nil {
			return err
		}
	}
	if f.MLflow {
		return tracking.CheckURI(f.trackingURI())
	}
	return nil
}

func (f *flags) trackingURI() string { return tracking.ResolveURI(f.TrackingURI, os.Getenv) }

// keep writes the files and logs to MLflow, if requested.
func (f *flags) keep(ctx context.Context, r *evaluate.Result, streams cli.Streams) error {
	dir := f.Output
	if dir == "" && f.MLflow {
		tmp, err := os.MkdirTemp("", "trident-eval-")
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		defer os.RemoveAll(tmp)
		dir = filepath.Join(tmp, "report")
	}
	if dir == "" {
		return nil
	}
	names, err := r.Save(ctx, dir, f.Plots)
	if err != nil {
		return err
	}
	if f.Output != "" {
		fmt.Fprintf(streams.Err, "Report: %s\n", f.Output)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !f.MLflow {
		return nil
	}
	o := tracking.Options{URI: f.trackingURI(), Experiment: f.Experiment, RunName: f.RunName, Warn: notice(streams)}
	url, err := r.Track(ctx, o, dir, names)
	if err != nil {
		return err
	}
	fmt.Fprintf(streams.Err, "MLflow run: %s\n", url)
	return nil
}
