package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readLines reads one call a line. Blank lines are allowed only at the end, so
// that predictions and lines can't get out of step.
func readLines(in *bufio.Reader, _ *meter) records {
	return func(yield func(record, error) bool) {
		blank := 0 // the first blank line since the last call
		for number, line := range lines(in) {
			if line.err != nil {
				yield(record{}, fmt.Errorf("line %d: %w", number, line.err))
				return
			}
			r, err := newRecord(line.text, nil)
			switch {
			case err != nil:
				if blank == 0 {
					blank = number
				}
				continue
			case blank > 0:
				yield(record{}, fmt.Errorf("line %d: %w; want a call in every line (or give --input-format whole)", blank, errEmpty))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// readWhole reads the whole input as one call.
func readWhole(in *bufio.Reader, _ *meter) records {
	return func(yield func(record, error) bool) {
		data, err := io.ReadAll(in)
		if err != nil {
			yield(record{}, err)
			return
		}
		yield(newRecord(strings.TrimRight(string(data), "\r\n"), nil))
	}
}

type line struct {
	text string
	err  error
}

// lines yields lines without their ends, LF or CRLF, and their numbers.
func lines(in *bufio.Reader) func(yield func(int, line) bool) {
	return func(yield func(int, line) bool) {
		for number := 1; ; number++ {
			text, err := in.ReadString('\n')
			end := errors.Is(err, io.EOF)
			switch {
			case err != nil && !end:
				yield(number, line{err: err})
				return
			case end && text == "":
				return
			}
			text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
			if !yield(number, line{text: text}) || end {
				return
			}
		}
	}
}
