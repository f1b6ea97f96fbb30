package main

import (
	"fmt"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/terminal"
)

// newDownload shows downloads: on a terminal as bars, elsewhere as a line for
// each large file, and more if it takes long. done removes the last bar.
func newDownload(io cli.Streams) (progress func(file string, got, total int64), done func()) {
	const large = 1e6
	var bar *terminal.Progress
	current := ""
	return func(file string, got, total int64) {
		if file != current {
			bar.Finish()
			current = file
			bar = terminal.NewProgress(io.Err, file, total, terminal.Options{Bytes: true, Lines: io.Out})
			bar.From(got)
			if !terminal.Is(io.Err) && total-got > large {
				fmt.Fprintf(io.Out, "Downloading %s: %.0f MB.\n", file, float64(total-got)/1e6)
			}
		}
		bar.Set(got, total, "")
	}, func() { bar.Finish() }
}
