// Command infer reads calls with a trained model: who is named, what the case
// is about, how well the counsellor did.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/libtorch"
	"github.com/trident-nlp/trident/internal/textfile"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/fusion"
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
  infer --model models/quickstart --input calls.jsonl.gz --mark-bad-records --format jsonl | gzip > predictions.jsonl.gz
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
	Overlap     int       `group:"What to predict" default:"0" placeholder:"N" help:"Read calls that are too long for the model in windows that share N tokens, instead of cutting them off."`

	IndependentHeads bool `group:"What to predict" help:"Each head says its own likeliest label, as in the Python prototype, even if main and sub-category then contradict each other."`

	Format string `group:"Answers" enum:"auto,text,json,jsonl,csv" default:"auto" help:"text, json, jsonl or csv; auto goes by --output's name, otherwise is text on a terminal and jsonl elsewhere."`
	Output string `path:"" group:"Answers" placeholder:"FILE" help:"Write to FILE, whole or not at all, instead of standard output. With --shard, a folder."`

	Shard     shard `group:"Large jobs" placeholder:"I/N" help:"Read only part I of N of the input, counted from 0, and write part-I-of-N into the folder --output; the last writes _SUCCESS. /N takes I from JOB_COMPLETION_INDEX. What was stopped goes on where it was."`
	Overwrite bool  `group:"Large jobs" help:"With --shard: do a shard again that is done, or that was done with another model or otherwise."`

	BatchSize   int    `group:"Processor" default:"32" placeholder:"N" help:"Calls that go through the model at once, at most (${default})…"`
	BatchTokens int    `group:"Processor" default:"4096" placeholder:"N" help:"…and their tokens. More memory and, on a GPU, more speed with more of them (${default})."`
	Device      string `group:"Processor" default:"auto" help:"auto, cpu, cuda or cuda:N."`
	Threads     int    `group:"Processor" default:"0" placeholder:"N" help:"CPU threads; 0: one for each core."`
	Precision   string `group:"Processor" enum:"fp32,bf16,int8,auto" default:"fp32" help:"fp32; bf16 and int8 (faster, a little less exact; int8 on the CPU only); or auto: bf16 where the processor has it (${default})."`
}

// taskNames are names separated by commas; the model says whether it has them.
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
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is an error of the write, so that it can end quietly
	os.Exit(cli.Main("infer", help, &flags{}, os.Args[1:], cli.Standard()))
}

// Libtorch is for --version.
func (*flags) Libtorch() string { return libtorch.Version }

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, io cli.Streams) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Shard.count == 0 {
		return f.runAll(ctx, io)
	}
	err := f.runShard(ctx, io)
	if err != nil {
		err = fmt.Errorf("shard %s: %w", f.Shard, err)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, cli.ErrUsage) {
		return err
	}
	return cli.Exit(exitCode(err), err)
}

// job is what the flags say, without an output.
func (f *flags) job(io cli.Streams) (*job, error) {
	if err := cli.CheckModelDir(f.Model); err != nil {
		return nil, about(err, exitModel)
	}
	var thresholds fusion.Thresholds
	if f.Thresholds != "" {
		var err error
		if thresholds, err = fusion.ReadThresholds(f.Thresholds); err != nil {
			return nil, about(err, exitModel)
		}
	}
	torchx.Configure(f.Threads)
	device, err := torchx.Device(f.Device)
	if err != nil {
		return nil, about(err, exitModel)
	}
	in, err := f.source(io)
	if err != nil {
		return nil, about(err, exitData)
	}
	return &job{
		in:    in,
		marks: f.MarkBadRecords,
		open:  func() (predictor, error) { return open(f.Model, device, io) },
		options: fusion.PredictOptions{
			Tasks:       f.Tasks,
			Threshold:   f.QAThreshold,
			Heads:       thresholds,
			Scores:      f.Scores,
			Overlap:     f.Overlap,
			BatchSize:   f.BatchSize,
			BatchTokens: f.BatchTokens,
			Precision:   torchx.Precision(f.Precision).Resolve(device),

			IndependentHeads: f.IndependentHeads,
		},
	}, nil
}

// runAll writes the answers to all of the input to one place.
func (f *flags) runAll(ctx context.Context, io cli.Streams) error {
	j, err := f.job(io)
	if err != nil {
		return err
	}
	if err := f.keepsInput(j.in); err != nil {
		return err
	}
	if j.out, err = newDestination(f.Output, io.Out); err != nil {
		return err
	}
	defer j.out.discard()
	j.style = f.style(j.out, len(f.Text) == 1)
	if f.MarkBadRecords && j.style.format != "json" && j.style.format != "jsonl" {
		return cli.Usagef("--mark-bad-records is for --format json and jsonl, not %s", j.style.format)
	}
	j.bar = newProgress(io.Err, j.in, j.out)
	if err := j.run(ctx); err != nil {
		if j.out.isStdout && errors.Is(err, syscall.EPIPE) {
			return nil // the reader has seen enough
		}
		return err
	}
	j.warn(io.Err)
	return nil
}

// keepsInput refuses to write the answers over the calls.
func (f *flags) keepsInput(in source) error {
	out, err := os.Stat(f.Output)
	if err != nil { // a new file, or none
		return nil
	}
	for _, file := range in.files {
		if info, err := os.Stat(file.path); err == nil && info.Mode().IsRegular() && os.SameFile(info, out) {
			return cli.Usagef("--output %s is a file of --input: the calls would be lost", f.Output)
		}
	}
	return nil
}

func open(dir string, device gotch.Device, io cli.Streams) (predictor, error) {
	m, tok, err := fusion.Load(dir, device)
	if err != nil {
		return nil, err
	}
	if unused := fusion.UnusedRows(m.Config, tok); unused != "" {
		fmt.Fprintf(io.Err, "infer: warning: %s: %s\n", dir, unused)
	}
	return fusion.NewPredictor(m, tok), nil
}

// check finds what kong's tags can't.
func (f *flags) check() error {
	switch {
	case len(f.Text) == 0 && len(f.Input) == 0:
		return cli.Usagef("give a call with --text, or a file with --input (- for standard input)")
	case !(f.QAThreshold > 0 && f.QAThreshold < 1):
		return cli.Usagef("--qa-threshold is %g; want more than 0 and less than 1", f.QAThreshold)
	case f.BatchSize < 1:
		return cli.Usagef("--batch-size is %d; want 1 or more", f.BatchSize)
	case f.BatchTokens < 1:
		return cli.Usagef("--batch-tokens is %d; want 1 or more", f.BatchTokens)
	case f.Overlap < 0:
		return cli.Usagef("--overlap is %d; want 0 or more", f.Overlap)
	case f.Threads < 0:
		return cli.Usagef("--threads is %d; want 0 or more", f.Threads)
	case f.Shard.count == 0 && textfile.TrimExtension(f.Output) != f.Output:
		return cli.Usagef("--output %s: what is written isn't compressed; leave --output out, and let a pipe do it (| gzip > FILE)", f.Output)
	case slices.Contains(f.Input, "-") && len(f.Input) > 1:
		return cli.Usagef("--input - is standard input; it can't be read beside files")
	}
	return f.checkShard()
}
