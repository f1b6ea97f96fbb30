package main

import (
	"context"
	"fmt"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/tracking"
)

const syncHelp = `Send what the MLflow server didn't get during a run: in order, and once.

Examples:
  train sync models/quickstart.outbox`

type syncFlags struct {
	Path string `path:"" arg:"" placeholder:"OUTBOX" help:"The run's outbox: a file, or the folder that holds it (output.model_dir with .outbox behind it)."`
}

// Run implements [cli.Command].
func (f *syncFlags) Run(ctx context.Context, streams cli.Streams) error {
	err := tracking.Sync(ctx, f.Path, func(text string) { fmt.Fprintln(streams.Err, "train sync:", text) })
	if err != nil {
		return fmt.Errorf("send what is left of the run: %w", err)
	}
	fmt.Fprintf(streams.Out, "All of %s has been sent.\n", f.Path)
	return nil
}
