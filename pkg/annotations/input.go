package annotations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Input is a file, a folder or a stream of labelled calls, which is read several times.
type Input struct {
	Name string // for messages, and for the extension
	open func() (io.ReadCloser, error)
	size int64
	path string      // of a file or folder
	info os.FileInfo // of a file or folder, as it was found; nil if it is neither
	held *held       // the content, if it can be read only once; nil otherwise
}

// File is the input at a path. Formats made of several files take a folder. What is
// neither a regular file nor a folder, such as a pipe, is read once, see [Pipe].
func File(path string) (Input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Input{}, fmt.Errorf("read annotations: %w", err)
	}
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	if !info.Mode().IsRegular() && !info.IsDir() {
		in := Pipe(path, open)
		in.path = path
		return in, nil
	}
	return Input{Name: path, path: path, info: info, size: info.Size(), open: open}, nil
}

// Stream is an input that is held in memory, since it is read more than once.
func Stream(name string, in io.Reader) (Input, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return Input{}, fmt.Errorf("read annotations from %s: %w", name, err)
	}
	return Input{Name: name, size: int64(len(data)), open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}, nil
}

// counted is a reader that reports how much it has read.
type counted struct {
	io.ReadCloser
	add func(n int)
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.add(n)
	return n, err
}

// reporting returns an input that reports what is read of it.
func (in Input) reporting(add func(n int)) Input {
	open := in.open
	in.open = func() (io.ReadCloser, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		return counted{f, add}, nil
	}
	return in
}

// problem is an error about a record of the input.
func (in Input) problem(record, line int, err error) draftError {
	return draftError{datasets.Problem{File: in.Name, Record: record, Line: line, Kind: kindOf(err), Message: err.Error()}}
}

func kindOf(err error) datasets.Kind {
	var own *kindError
	if errors.As(err, &own) {
		return own.kind
	}
	return datasets.KindOf(err)
}

// records yields a draft for each record of JSON Lines, of a JSON array, or of a table if
// tables is set. parse fills it; its error is about the record.
func (in Input) records(ctx context.Context, text string, tables bool, parse func(raw []byte, table bool, d *draft) error) iter.Seq2[draft, error] {
	return func(yield func(draft, error) bool) {
		if err := in.eachRecord(ctx, text, tables, parse, yield); err != nil && !errors.Is(err, errStopped) {
			yield(draft{}, err)
		}
	}
}

// errStopped ends reading when nobody wants more.
var errStopped = errors.New("stopped")

func (in Input) eachRecord(ctx context.Context, text string, tables bool, parse func(raw []byte, table bool, d *draft) error, yield func(draft, error) bool) error {
	f, err := in.open()
	if err != nil {
		return fmt.Errorf("read annotations: %w", err)
	}
	defer f.Close()
	r, err := datasets.NewRecordReader(f, in.Name, text)
	if err != nil {
		return in.about(err)
	}
	if r.Table() && !tables {
		return fmt.Errorf("read annotations: %s is a table; read it with --from csv", in.Name)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var problem datasets.Problem
		record, line := r.Place()
		d := draft{record: record, line: line}
		switch {
		case errors.As(err, &problem) && problem.Record > 0:
			err = draftError{problem}
		case err != nil:
			return in.about(err)
		default:
			if err = parse(raw, r.Table(), &d); err != nil {
				err = in.problem(record, line, err)
			}
		}
		if !yield(d, err) {
			return errStopped
		}
	}
}

// about adds the file to an error, unless it is a problem, which names it.
func (in Input) about(err error) error {
	if errors.As(err, new(datasets.Problem)) {
		return fmt.Errorf("read annotations: %w", err)
	}
	return fmt.Errorf("read annotations: %s: %w", in.Name, err)
}
