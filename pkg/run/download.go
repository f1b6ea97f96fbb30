package run

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/internal/terminal"
)

// newDownload shows the progress of downloads: as bars on a terminal, elsewhere as one
// line per large file, and more if it takes long. done removes the last bar.
func newDownload(out, stderr io.Writer) (progress func(file string, got, total int64), done func()) {
	const large = 1e6
	var bar *terminal.Progress
	current := ""
	return func(file string, got, total int64) {
		if file != current {
			bar.Finish()
			current = file
			bar = terminal.NewProgress(stderr, file, total, terminal.Options{Bytes: true, Lines: out})
			bar.From(got)
			if !terminal.Is(stderr) && total-got > large {
				fmt.Fprintf(out, "Downloading %s: %.0f MB.\n", file, float64(total-got)/1e6)
			}
		}
		bar.Set(got, total, "")
	}, func() { bar.Finish() }
}
