// Command train trains a model on labelled helpline calls and saves the best checkpoint.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/trident-nlp/trident/configs"
	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/libtorch"
	"github.com/trident-nlp/trident/internal/ranks"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/run"
)

const help = `Train a model on labelled helpline calls, and keep the best checkpoint.

Without --config it runs the quickstart: demo data, a small model from scratch, a few minutes on two cores.

Examples:
  train
  train --config configs/multitask.yaml
  train --config configs/multitask.yaml --check-data
  train --config configs/multitask.yaml --dry-run
  train --config configs/multitask.yaml --set training.batch_size=8 --set training.num_epochs=3
  train --config configs/multitask.yaml --resume
  torchrun --no-python --nproc-per-node 4 --max-restarts 3 bin/train --config configs/multitask.yaml --resume-if-any
  train --config configs/multitask.yaml --nproc 4  four processes on this machine, each with its share of each batch
  train sync models/quickstart.outbox              send what the MLflow server didn't get (train sync --help)`

type flags struct {
	Config string   `path:"" placeholder:"FILE" help:"Configuration (YAML); without it, the quickstart."`
	Set    []string `sep:"none" placeholder:"KEY=VALUE" help:"Override a setting, as in training.batch_size=8; can be repeated."`
	Device string   `default:"auto" placeholder:"NAME" help:"auto, cpu, cuda or cuda:N (${default})."`
	Resume bool     `group:"A stopped run" help:"Go on with the run that was stopped, from where it was."`
	IfAny  bool     `group:"A stopped run" name:"resume-if-any" help:"As --resume, but begin anew if no run was stopped: for jobs that are started again by themselves."`
	Force  bool     `group:"A stopped run" help:"With --resume: go on although the configuration or the data changed."`
	DryRun bool     `help:"Read the data and print sizes and steps, but don't train; needs no pretrained weights."`

	Nproc     int    `group:"Several processes" placeholder:"N" help:"Train with so many processes on this machine."`
	WorldSize int    `group:"Several processes" placeholder:"N" help:"How many processes train together, each started by hand; else what torchrun, PyTorchJob or Slurm say."`
	Rank      int    `group:"Several processes" placeholder:"I" help:"With --world-size: which of them this is, from 0."`
	Master    string `group:"Several processes" placeholder:"HOST:PORT" help:"With --world-size: rank 0's machine, and a free port on it."`

	CheckData      bool `group:"Data" help:"Say what the data files hold and what is wrong with them, and end; 1 if training would refuse them."`
	SkipBadRecords bool `group:"Data" help:"Leave out records that can't be used, and count them, instead of refusing to train."`

	Args []string `kong:"-"` // the command line
}

// Subcommands are for --completion.
func (*flags) Subcommands() []string { return []string{"sync"} }

// Libtorch is for --version.
func (*flags) Libtorch() string { return libtorch.Version }

// Run implements [cli.Command].
func (f *flags) Run(ctx context.Context, streams cli.Streams) error {
	if f.Force && !f.Resume && !f.IfAny {
		return cli.Usagef("--force belongs to --resume")
	}
	c, notes, err := f.load()
	if err != nil {
		return err
	}
	o := run.Options{
		Out: streams.Out, Err: streams.Err, Device: f.Device,
		Resume: f.Resume, ResumeIfAny: f.IfAny, Force: f.Force, SkipBad: f.SkipBadRecords, File: f.Config, Set: f.Set,
	}
	if f.CheckData {
		tell(notes, streams)
		return run.CheckData(ctx, c, o)
	}
	place, spawn, err := f.place(os.Getenv)
	switch {
	case err != nil:
		return err
	case spawn && !f.DryRun:
		return ranks.Spawn(f.Nproc, f.Args, streams)
	case place.Rank == 0: // which prints for all
		tell(notes, streams)
	}
	o.Place = place
	if f.DryRun {
		return run.DryRun(ctx, c, o)
	}
	r, err := run.Open(ctx, c, o)
	if err != nil {
		return err
	}
	defer r.Close()
	err = r.Fit(ctx)
	if stopped, ok := errors.AsType[*run.Stopped](err); ok {
		return errors.New(stopped.Error()) // a signal; what it says is worth printing
	}
	return err
}

func (f *flags) load() (config.Config, []config.Note, error) {
	if f.Config == "" {
		c, err := config.Parse(configs.Quickstart, f.Set)
		return c, nil, err
	}
	return config.Load(f.Config, f.Set)
}

// tell prints the notes on the configuration.
func tell(notes []config.Note, streams cli.Streams) {
	for _, note := range notes {
		if note.Warning {
			fmt.Fprintln(streams.Err, "train: warning:", note.Text)
			continue
		}
		fmt.Fprintln(streams.Out, note.Text)
	}
}

func main() { os.Exit(execute(os.Args[1:], cli.Standard())) }

// execute runs the command, or sync, and returns the exit code.
func execute(args []string, streams cli.Streams) int {
	if len(args) > 0 && args[0] == "sync" {
		return cli.Main("train sync", syncHelp, new(syncFlags), args[1:], streams)
	}
	return cli.Main("train", help, &flags{Args: args}, args, streams)
}
