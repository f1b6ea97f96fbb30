package main

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/internal/terminal"
)

// progress shows how much of the input is done.
type progress struct {
	line *terminal.Progress
	size int64 // of the input
}

// newProgress shows nothing where the predictions themselves appear on a terminal.
func newProgress(stderr io.Writer, in source, out *destination) progress {
	if in.size == 0 || out.terminal {
		return progress{}
	}
	return progress{terminal.NewProgress(stderr, "Reading", in.size, terminal.Options{Bytes: true, Lines: stderr}), in.size}
}

// show moves the line to the given part of window, before which there were calls calls.
func (p progress) show(calls int, window []record, part float64) {
	if p.line == nil {
		return
	}
	from, to := window[0].offset, window[len(window)-1].offset
	p.line.Set(from+int64(part*float64(to-from)), p.size, fmt.Sprintf("%d calls", calls+int(part*float64(len(window)))))
}

func (p progress) finish() { p.line.Finish() }
