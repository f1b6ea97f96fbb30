package label

import (
	"bufio"
	"io"

	"github.com/trident-nlp/trident/internal/outfile"
	"github.com/trident-nlp/trident/internal/terminal"
)

// destination is the predictions' output. A file gets its name only on commit.
type destination struct {
	*bufio.Writer
	isStdout bool
	terminal bool
	name     string
	commit   func() error
	discard  func() // no-op after commit
}

// newDestination opens path, or stdout if it is "".
func newDestination(path string, stdout io.Writer) (*destination, error) {
	if path == "" {
		return &destination{
			Writer:   bufio.NewWriter(stdout),
			isStdout: true,
			terminal: terminal.Is(stdout),
			commit:   func() error { return nil },
			discard:  func() {},
		}, nil
	}
	f, err := outfile.Create(path)
	if err != nil {
		return nil, writing(err)
	}
	return &destination{Writer: bufio.NewWriter(f), terminal: terminal.Is(f.Writer), name: path, commit: f.Commit, discard: f.Discard}, nil
}

// finish flushes the buffer and gives a file its name.
func (d *destination) finish() error {
	err := d.Flush()
	if err == nil {
		err = d.commit()
	}
	if err != nil {
		return writing(err)
	}
	return nil
}
