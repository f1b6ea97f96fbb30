// Package label labels calls with a trained model and writes the predictions. Input is
// texts, files and standard input in several formats, processed in bounded memory, all
// at once or in shards. cmd/infer is this package with flags; other programs call
// [Run].
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

// Streams are a run's inputs and outputs beside the files of its [Options]. Each may be
// nil.
type Streams struct {
	In       io.Reader // the calls, for the input "-"
	Out      io.Writer // the predictions, unless there is an output file
	Progress io.Writer // the progress line, if this is a terminal

	// Notice receives messages for the user during a run: warnings, and the outcome of a
	// shard. line has no line end.
	Notice func(line string)
}

// say passes a line to Notice, if set.
func (s Streams) say(line string) {
	if s.Notice != nil {
		s.Notice(line)
	}
}

func (s Streams) notice(format string, args ...any) { s.say(fmt.Sprintf(format, args...)) }

// Run reads the calls, one window at a time, and writes the model's predictions in the
// same order. It returns the counts, also with an error. For a shard these include all
// of its calls, also from earlier attempts; a shard that is already done isn't an error.
//
// Bad input is reported before the model is loaded, and an output file appears only
// when it is complete. If the reader of Out has closed it, Run ends without an error.
// [CauseOf] classifies errors; those about options are marked with [ErrOptions].
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

// job returns the job for the options, without an output.
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
			Review:      o.ReviewQueue,
			Attention:   o.Attention,
			Long:        fusion.LongOf(o.Long),
			Overlap:     o.Overlap,
			BatchSize:   o.BatchSize,
			BatchTokens: o.BatchTokens,
			Precision:   torchx.Precision(o.Precision).Resolve(device),

			IndependentHeads: o.IndependentHeads,
		},
	}, nil
}

// runAll writes the predictions for the whole input to one destination.
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
	if o.Attention && j.style.format != "json" && j.style.format != "jsonl" {
		return Counts{}, badOptions("--attention is for --format json and jsonl, not %s", j.style.format)
	}
	j.bar = newProgress(s.Progress, j.in, j.out)
	if err := j.run(ctx); err != nil {
		if j.out.isStdout && errors.Is(err, syscall.EPIPE) {
			return j.Counts, nil // the reader has closed the pipe
		}
		return j.Counts, err
	}
	j.warn(s.say)
	return j.Counts, nil
}

// keepsInput refuses to overwrite the input with the output.
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
	c, err := fusion.ReadCalibration(dir, m.Tasks)
	if err != nil {
		m.Drop()
		return nil, err
	}
	p := fusion.NewPredictor(m, tok)
	p.Calibrate(c)
	return p, nil
}
