// Command infer labels calls with a trained model: entities, case categories, quality of
// the conversation.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/libtorch"
	"github.com/trident-nlp/trident/pkg/label"
)

const help = `Read helpline calls with a trained model: entities (ner), case classification (cls), counsellor quality (qa), and
whatever tasks of your own the model has learnt. A model of one task works as well.

Input: --text, or files: .txt holds one call a line, .jsonl and .json objects with a field text or narrative, .csv and
.tsv a column of that name; compressed (gzip, zstd, bzip2) or not. A field or column id, uniqueid or sample_id is passed on.

Examples:
  infer --model models/quickstart --text "Hello, my name is Mwakamba, calling from Kisumu."
  infer --model models/quickstart --input calls.jsonl --output predictions.jsonl --scores
  infer --model models/quickstart --input calls.csv --format csv --tasks cls,qa > predictions.csv
  infer --model models/own --input calls.jsonl --tasks ner,mood --format text
  infer --model models/qa --input calls.jsonl --thresholds eval/thresholds.json
  infer --model models/quickstart --input call.txt --input-format whole --overlap 128
  infer --model models/whole --input calls.jsonl --long truncate
  infer --model models/quickstart --input calls.jsonl.gz --mark-bad-records --format jsonl | gzip > predictions.jsonl.gz
  infer --model models/quickstart --input calls.jsonl --review-queue --format csv --output to_check.csv
  infer --model models/quickstart --input calls/ --output predictions/ --shard 0/10        (and 1/10 to 9/10, anywhere)`

// flags are the command line.
type flags struct {
	Model string `path:"" required:"" placeholder:"DIR" help:"Model directory, as written by train."`

	Text        []string `group:"Calls" sep:"none" xor:"source" placeholder:"TEXT" help:"A call; may be given several times."`
	Input       []string `path:"" group:"Calls" sep:"none" xor:"source" placeholder:"FILE" help:"File of calls, a folder of such or a pattern; may be given several times. - is standard input."`
	InputFormat string   `group:"Calls" enum:"auto,lines,whole,jsonl,json,csv,tsv" default:"auto" help:"lines (a call each), whole (one call), jsonl, json, csv or tsv; auto goes by the file's name, or else by its beginning."`

	MarkBadRecords bool `group:"Calls" help:"Answer a call that can't be read, that the model has no answer to, or a blank line, with {\"error\": …} in its place, instead of ending: one answer for each line. For json and jsonl."`

	Tasks       taskNames `group:"What to predict" placeholder:"NAME,…" help:"What to predict: ner, cls, qa or your own tasks; all that the model can, if not given."`
	QAThreshold float64   `group:"What to predict" name:"qa-threshold" default:"0.5" placeholder:"P" help:"A yes/no output, such as a quality criterion, is 1 if its probability is higher (${default})."`
	Thresholds  string    `path:"" group:"What to predict" placeholder:"FILE" help:"Other thresholds for some heads of yes/no outputs, in JSON, as eval's thresholds.json has them."`
	Scores      bool      `group:"What to predict" help:"Give the probabilities as well."`
	Attention   bool      `group:"What to predict" help:"Say what the attention pooling of cls and qa looked at, word by word; in json and jsonl."`
	Long        string    `group:"What to predict" enum:"auto,windows,mean,truncate" default:"auto" help:"Calls that are too long for the model to read at once: windows (all of it, pooled as one text), mean (all of it, the mean of the windows' logits), truncate (the beginning), or auto: as the model learnt, or mean with --overlap if it learnt to truncate (${default})."`
	Overlap     int       `group:"What to predict" default:"0" placeholder:"N" help:"Tokens that windows of a long call share; 0: as many as the model learnt, or 128."`

	ReviewQueue bool `group:"Answers" help:"Order the calls by what it is expected to cost if nobody checks their labels: critical ones first, among them the doubtful ones. Each says why, and which call of the input it is."`

	IndependentHeads bool `group:"What to predict" help:"Each head says its own likeliest label, as in the Python prototype, even if main and sub-category then contradict each other."`

	Format string `group:"Answers" enum:"auto,text,json,jsonl,csv" default:"auto" help:"text, json, jsonl or csv; auto goes by --output's name, otherwise is text on a terminal and jsonl elsewhere."`
	Output string `path:"" group:"Answers" placeholder:"FILE" help:"Write to FILE, whole or not at all, instead of standard output. With --shard, a folder."`

	Shard     label.Shard `group:"Large jobs" placeholder:"I/N" help:"Read only part I of N of the input, counted from 0, and write part-I-of-N into the folder --output; the last writes _SUCCESS. /N takes I from JOB_COMPLETION_INDEX. What was stopped goes on where it was."`
	Overwrite bool        `group:"Large jobs" help:"With --shard: do a shard again that is done, or that was done with another model or otherwise."`

	BatchSize   int    `group:"Processor" default:"32" placeholder:"N" help:"Calls that go through the model at once, at most (${default})…"`
	BatchTokens int    `group:"Processor" default:"4096" placeholder:"N" help:"…and their tokens. More memory and, on a GPU, more speed with more of them (${default})."`
	Device      string `group:"Processor" default:"auto" help:"auto, cpu, cuda or cuda:N."`
	Threads     int    `group:"Processor" default:"0" placeholder:"N" help:"CPU threads; 0: one for each core."`
	Precision   string `group:"Processor" enum:"fp32,bf16,int8,auto" default:"fp32" help:"fp32; bf16 and int8 (faster, a little less exact; int8 on the CPU only); or auto: bf16 where the processor has it (${default})."`
}

// taskNames are names separated by commas; the model determines which exist.
type taskNames []string

// UnmarshalText adds one flag's names.
func (n *taskNames) UnmarshalText(text []byte) error {
	for name := range strings.SplitSeq(string(text), ",") {
		if strings.TrimSpace(name) == "" {
			return errors.New("a task's name is empty")
		}
		*n = append(*n, strings.TrimSpace(name))
	}
	return nil
}

func main() {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe becomes a write error, so that the program can exit quietly
	os.Exit(cli.Main("infer", help, &flags{}, os.Args[1:], cli.Standard()))
}

// Libtorch is for --version.
func (*flags) Libtorch() string { return libtorch.Version }

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, streams cli.Streams) error {
	_, err := label.Run(ctx, f.options(), label.Streams{
		In:       streams.In,
		Out:      streams.Out,
		Progress: streams.Err,
		Notice:   func(line string) { fmt.Fprintf(streams.Err, "infer: %s\n", line) },
	})
	switch {
	case errors.Is(err, label.ErrOptions):
		return cli.Usagef("%w", err)
	case err == nil || f.Shard.Count == 0 || ctx.Err() != nil:
		return err
	}
	return cli.Exit(exitCode(err), err)
}

// options converts the flags for [label.Run].
func (f *flags) options() label.Options {
	return label.Options{
		Model: f.Model,

		Texts:          f.Text,
		Input:          f.Input,
		InputFormat:    f.InputFormat,
		MarkBadRecords: f.MarkBadRecords,

		Tasks:            f.Tasks,
		Threshold:        f.QAThreshold,
		Thresholds:       f.Thresholds,
		Scores:           f.Scores,
		Attention:        f.Attention,
		Long:             f.Long,
		Overlap:          f.Overlap,
		ReviewQueue:      f.ReviewQueue,
		IndependentHeads: f.IndependentHeads,

		Format: f.Format,
		Output: f.Output,

		Shard:     f.Shard,
		Overwrite: f.Overwrite,

		BatchSize:   f.BatchSize,
		BatchTokens: f.BatchTokens,
		Device:      f.Device,
		Threads:     f.Threads,
		Precision:   f.Precision,
	}
}

// Exit codes of a shard, for a job's failure policy. They are those of sysexits.h. All
// other errors are 1.
const (
	exitData    = 65
	exitNoInput = 66
	exitOutput  = 73
	exitAgain   = 75
	exitModel   = 78
)

// exitCode returns the exit code for a shard's error.
func exitCode(err error) int {
	switch label.CauseOf(err) {
	case label.BadCall:
		return exitData
	case label.NoInput:
		return exitNoInput
	case label.BadOutput:
		return exitOutput
	case label.Passing:
		return exitAgain
	case label.BadModel:
		return exitModel
	}
	return cli.Failure
}
