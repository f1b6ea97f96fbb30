// Package label reads calls with a trained model and writes its answers: from texts,
// files and standard input in several formats, in bounded memory, whole or a shard of
// many at a time. cmd/infer is this package with flags; other programs call [Run].
package label

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Streams are what a run reads and writes beside the files of its [Options]. Each may
// be nil.
type Streams struct {
	In       io.Reader // the calls, for the input "-"
	Out      io.Writer // the answers, unless there is an output file
	Progress io.Writer // a line that says how much is done, if this is a terminal

	// Notice is told, as it happens, what a person should know of a run that goes
	// well: warnings, and what became of a shard. line has no end.
	Notice func(line string)
}

// say tells a line to whoever wants to know.
func (s Streams) say(line string) {
	if s.Notice != nil {
		s.Notice(line)
	}
}

func (s Streams) notice(format string, args ...any) { s.say(fmt.Sprintf(format, args...)) }

// Run reads the calls, a window of them at a time, and writes the model's answers in
// the calls' order. It returns how many there were, also with an error. For a shard
// these are all of its calls, those of earlier attempts included; a shard that is done
// already is no error.
//
// Bad input shows before the model is loaded, and an output file appears only when all
// is written. If whoever reads Out has closed it, Run ends without an error.
// [CauseOf] tells errors apart; those of the options are marked with [ErrOptions].
func Run(ctx context.Context, o Options, s Streams) (Counts, error) {
	if s.In == nil {
		s.In = strings.NewReader("")
	}
	if s.Out == nil {
		s.Out = io.Discard
	}
	if err := o.Check(); err != nil {
		return Counts{}, err
	}
	if o.Shard.Count == 0 {
		return o.runAll(ctx, s)
	}
	c, err := o.runShard(ctx, s)
	if err != nil {
		err = fmt.Errorf("shard %s: %w", o.Shard, err)
	}
	return c, err
}

// job is what the options say, without an output.
func (o Options) job(s Streams) (*job, error) {
	if err := cli.CheckModelDir(o.Model); err != nil {
		return nil, about(err, BadModel)
	}
	var thresholds fusion.Thresholds
	if o.Thresholds != "" {
		var err error
		if thresholds, err = fusion.ReadThresholds(o.Thresholds); err != nil {
			return nil, about(err, BadModel)
		}
	}
	torchx.Configure(o.Threads)
	device, err := torchx.Device(o.Device)
	if err != nil {
		return nil, about(err, BadModel)
	}
	in, err := o.source(s.In)
	if err != nil {
		return nil, about(err, BadCall)
	}
	return &job{
		in:    in,
		marks: o.MarkBadRecords,
		open:  func() (predictor, error) { return openModel(o.Model, device, s) },
		options: fusion.PredictOptions{
			Tasks:       o.Tasks,
			Threshold:   o.Threshold,
			Heads:       thresholds,
			Scores:      o.Scores,
			Overlap:     o.Overlap,
			BatchSize:   o.BatchSize,
			BatchTokens: o.BatchTokens,
			Precision:   torchx.Precision(o.Precision).Resolve(device),

			IndependentHeads: o.IndependentHeads,
		},
	}, nil
}

// runAll writes the answers to all of the input to one place.
func (o Options) runAll(ctx context.Context, s Streams) (Counts, error) {
	j, err := o.job(s)
	if err != nil {
		return Counts{}, err
	}
	if err := o.keepsInput(j.in); err != nil {
		return Counts{}, err
	}
	if j.out, err = newDestination(o.Output, s.Out); err != nil {
		return Counts{}, err
	}
	defer j.out.discard()
	j.style = o.style(j.out, len(o.Texts) == 1)
	if o.MarkBadRecords && j.style.format != "json" && j.style.format != "jsonl" {
		return Counts{}, badOptions("--mark-bad-records is for --format json and jsonl, not %s", j.style.format)
	}
	j.bar = newProgress(s.Progress, j.in, j.out)
	if err := j.run(ctx); err != nil {
		if j.out.isStdout && errors.Is(err, syscall.EPIPE) {
			return j.Counts, nil // the reader has seen enough
		}
		return j.Counts, err
	}
	j.warn(s.say)
	return j.Counts, nil
}

// keepsInput refuses to write the answers over the calls.
func (o Options) keepsInput(in source) error {
	out, err := os.Stat(o.Output)
	if err != nil { // a new file, or none
		return nil
	}
	for _, file := range in.files {
		if info, err := os.Stat(file.path); err == nil && info.Mode().IsRegular() && os.SameFile(info, out) {
			return badOptions("--output %s is a file of --input: the calls would be lost", o.Output)
		}
	}
	return nil
}

// openModel loads a model for predictions.
func openModel(dir string, device gotch.Device, s Streams) (predictor, error) {
	m, tok, err := fusion.Load(dir, device)
	if err != nil {
		return nil, err
	}
	if unused := fusion.UnusedRows(m.Config, tok); unused != "" {
		s.notice("warning: %s: %s", dir, unused)
	}
	return fusion.NewPredictor(m, tok), nil
}
