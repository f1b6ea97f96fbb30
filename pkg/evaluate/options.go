package evaluate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Options are the models, records and settings of an evaluation. Start with [Defaults].
// Errors name an option by eval's flag: --held-out for HeldOut.
type Options struct {
	// Model is a folder written by train, or DIR+DIR+…: models that do the tasks
	// together, such as single-task models. Compare are other models to compare it with,
	// including parameters and time per call.
	Model   string
	Compare []string

	Data    []DataFile // labelled calls, one file per task
	Tasks   []string   // score only these; nil: all tasks that have data
	HeldOut bool       // only the records held out in training, from the model's held_out_*.csv
	Records string     // only the records listed in this CSV file; "": all

	IndependentHeads bool // choose each head's most likely label separately
	SkipBadRecords   bool // skip records that can't be used, instead of refusing the file

	// Calibrate fits a calibration of the model on the scored records, which it must not
	// have learnt from ([calibrate.Fit]); [Result.SaveCalibration] keeps it. An earlier
	// calibration of the model isn't used.
	Calibrate     bool
	Recall        []Recall // thresholds to fit for a wished recall
	LanguageField string   // the field of a record with its language, for sets by language; "": none

	Thresholds string // a JSON file of thresholds of yes/no outputs; "": 0.5
	Bootstrap  int    // resamples for the intervals; 0: no intervals
	Seed       uint64 // of the resamples
	TimedCalls int    // calls to time, one by one, when several models are compared

	Long    string // how long calls are read: auto (as the model learnt), windows, mean or truncate
	Overlap int    // tokens that the windows of a long call share; 0: as the model learnt

	BatchSize int    // calls per batch
	Device    string // auto, cpu, cuda or cuda:N
	Threads   int    // CPU threads of the whole process; 0: one per core
	Precision string // fp32, bf16, int8 or auto

	Progress io.Writer         // shows the progress; nil: none
	Notice   func(line string) // receives warnings, as lines without a line end; may be nil
}

// Defaults returns the defaults of eval's flags. Model and Data are empty.
func Defaults() Options {
	return Options{Bootstrap: 1000, Seed: 42, TimedCalls: 20, Long: "auto", BatchSize: 32, Device: "auto", Precision: string(torchx.FP32)}
}

// DataFile is a file of labelled calls, in a format that training reads.
type DataFile struct {
	Task string // "": the only task requested, or the model's only one
	Path string
}

// ParseDataFile parses [TASK=]FILE. Its errors are marked with [ErrOptions].
func ParseDataFile(text string) (DataFile, error) {
	task, path, named := strings.Cut(text, "=")
	if !named {
		task, path = "", text
	}
	if path == "" || named && task == "" {
		return DataFile{}, badData(text)
	}
	return DataFile{task, path}, nil
}

// String returns the form that [ParseDataFile] parses.
func (d DataFile) String() string {
	if d.Task == "" {
		return d.Path
	}
	return d.Task + "=" + d.Path
}

// ErrOptions marks an error about invalid or conflicting [Options].
var ErrOptions = errors.New("options")

// badOptions returns an error marked with [ErrOptions].
func badOptions(format string, args ...any) error { return optionsError{fmt.Errorf(format, args...)} }

func badData(text string) error {
	return badOptions("--data %s: want one file for each task, as in ner=ner.jsonl", text)
}

type optionsError struct{ error }

func (optionsError) Is(target error) bool { return target == ErrOptions }
func (e optionsError) Unwrap() error      { return e.error }

// Check returns an error for invalid or conflicting options, without reading files. Its
// errors are marked with [ErrOptions].
func (o Options) Check() error {
	for _, number := range []struct {
		flag        string
		value, from int
	}{{"bootstrap", o.Bootstrap, 0}, {"threads", o.Threads, 0}, {"timed-calls", o.TimedCalls, 1}, {"overlap", o.Overlap, 0}, {"batch-size", o.BatchSize, 1}} {
		if number.value < number.from {
			return badOptions("--%s is %d; want %d or more", number.flag, number.value, number.from)
		}
	}
	switch {
	case o.Model == "":
		return badOptions("give a model directory with --model")
	case o.HeldOut && o.Records != "":
		return badOptions("--held-out and --records can't be used together")
	case !slices.Contains([]string{"fp32", "bf16", "int8", "auto"}, o.Precision):
		return badOptions("--precision is %q; want fp32, bf16, int8 or auto", o.Precision)
	}
	if err := fusion.LongOf(o.Long).Check(); err != nil {
		return badOptions("--long is %q; want auto, windows, mean or truncate", o.Long)
	}
	if err := o.checkCalibrate(); err != nil {
		return err
	}
	_, err := o.dataFiles()
	return err
}

// dataFiles returns the paths of the data by task; the key "" is for any task.
func (o Options) dataFiles() (map[string]string, error) {
	if len(o.Data) == 0 {
		return nil, badOptions("give labelled calls with --data")
	}
	files := map[string]string{}
	for _, d := range o.Data {
		task := d.Task
		if task == "" && len(o.Tasks) == 1 {
			task = o.Tasks[0]
		}
		if _, twice := files[task]; twice || d.Path == "" {
			return nil, badData(d.String())
		}
		files[task] = d.Path
	}
	for _, task := range o.Tasks {
		if files[task] != "" {
			continue
		}
		if path := files[""]; path != "" {
			return nil, badOptions("--data %s: say for which task it is, as in %s=%s", path, task, path)
		}
		return nil, badOptions("--task %s: there is no data for it; give it as in --data %s=FILE", task, task)
	}
	return files, nil
}
