package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/trident-nlp/trident/internal/terminal"
)

// progress is a bar on the terminal, or nothing where there is none.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress shows how much of the input is done, unless the predictions
// themselves appear on a terminal.
func newProgress(stderr io.Writer, in source, out *destination) progress {
	if in.size == 0 || out.terminal || !terminal.Is(stderr) {
		return progress{}
	}
	return progress{progressbar.NewOptions64(in.size,
		progressbar.OptionSetWriter(stderr),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond),
	)}
}

// show moves the bar to the given part of window, before which there were
// calls calls. Bars are for looks: their errors are nobody's.
func (p progress) show(calls int, window []record, part float64) {
	if p.bar == nil {
		return
	}
	from, to := window[0].offset, window[len(window)-1].offset
	p.bar.Describe(fmt.Sprintf("%d calls", calls+int(part*float64(len(window)))))
	_ = p.bar.Set64(from + int64(part*float64(to-from)))
}

func (p progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
