package evaluate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Options say which models are scored, on which records, and how. Begin with [Defaults].
// Errors name an option by eval's flag for it: --held-out is HeldOut.
type Options struct {
	// Model is a folder, as train writes it, or DIR+DIR+…: models that do the tasks
	// together, as single-task models do. Compare are others to set beside it, with
	// parameters and time per call.
	Model   string
	Compare []string

	Data    []DataFile // labelled calls, a file for each task
	Tasks   []string   // score these only; nil: all that have data
	HeldOut bool       // only what the model's training held out, by its held_out_*.csv
	Records string     // only the records that this CSV file lists; "": all

	IndependentHeads bool // each head says its own likeliest label
	SkipBadRecords   bool // leave out records that can't be used, instead of refusing the file

	Thresholds string // a JSON file of thresholds of yes/no outputs; "": 0.5
	Bootstrap  int    // resamples for the intervals; 0: no intervals
	Seed       uint64 // of the resamples
	TimedCalls int    // calls to time, one by one, if there are several models

	BatchSize int    // calls that go through the model at once
	Device    string // auto, cpu, cuda or cuda:N
	Threads   int    // CPU threads of the whole process; 0: one for each core
	Precision string // fp32, bf16, int8 or auto

	Progress io.Writer         // shows how much is done; nil: nobody looks
	Notice   func(line string) // is told warnings, as lines without an end; may be nil
}

// Defaults are the options of eval without flags. There is no model in them, and there
// are no data.
func Defaults() Options {
	return Options{Bootstrap: 1000, Seed: 42, TimedCalls: 20, BatchSize: 32, Device: "auto", Precision: string(torchx.FP32)}
}

// DataFile is a file of labelled calls, in a form that training reads.
type DataFile struct {
	Task string // "": for the one task that is asked for, or that the model does
	Path string
}

// ParseDataFile reads [TASK=]FILE. Its errors are marked with [ErrOptions].
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

// String is what [ParseDataFile] reads.
func (d DataFile) String() string {
	if d.Task == "" {
		return d.Path
	}
	return d.Task + "=" + d.Path
}

// ErrOptions marks an error of [Options] that can't be, or don't go together.
var ErrOptions = errors.New("options")

// badOptions is an error that [ErrOptions] marks.
func badOptions(format string, args ...any) error { return optionsError{fmt.Errorf(format, args...)} }

func badData(text string) error {
	return badOptions("--data %s: want one file for each task, as in ner=ner.jsonl", text)
}

type optionsError struct{ error }

func (optionsError) Is(target error) bool { return target == ErrOptions }
func (e optionsError) Unwrap() error      { return e.error }

// Check finds options that can't be, or don't go together, without looking at files.
// Its errors are marked with [ErrOptions].
func (o Options) Check() error {
	switch {
	case o.Bootstrap < 0 || o.TimedCalls < 1 || o.BatchSize < 1 || o.Threads < 0:
		return badOptions("--bootstrap and --threads want 0 or more, --timed-calls and --batch-size 1 or more")
	case o.Model == "":
		return badOptions("give a model directory with --model")
	case o.HeldOut && o.Records != "":
		return badOptions("--held-out and --records can't be used together")
	case !slices.Contains([]string{"fp32", "bf16", "int8", "auto"}, o.Precision):
		return badOptions("--precision is %q; want fp32, bf16, int8 or auto", o.Precision)
	}
	_, err := o.dataFiles()
	return err
}

// dataFiles are the paths of the data by task; "" is the key of one for any task.
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
