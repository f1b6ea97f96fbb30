package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/terminal"
)

// newDownload shows downloads: on a terminal as bars, elsewhere as a line for
// each large file. done removes the last bar.
func newDownload(io cli.Streams) (progress func(file string, got, total int64), done func()) {
	const large = 1e6
	bars := terminal.Is(io.Err)
	var bar *progressbar.ProgressBar
	current := ""
	done = func() {
		if bar != nil {
			_ = bar.Clear() // what can't be shown isn't worth an error
			bar = nil
		}
	}
	return func(file string, got, total int64) {
		if file != current {
			done()
			current = file
			switch {
			case bars:
				bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(io.Err), progressbar.OptionSetDescription(file),
					progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
			case total-got > large:
				fmt.Fprintf(io.Out, "Downloading %s: %.0f MB.\n", file, float64(total-got)/1e6)
			}
		}
		if bar != nil {
			_ = bar.Set64(got)
		}
	}, done
}
