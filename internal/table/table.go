// Package table reads delimited tables as spreadsheets and Python's csv write them, with
// the same cells as Python's csv, character by character. The standard library's
// encoding/csv converts CRLF in a cell to LF, so that character offsets, such as those of
// entities, would be wrong in Python.
package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
)

// Reader reads a table row by row. A cell that begins with a quotation mark
// ends with one; inside it, two represent one, and line ends are kept. In other
// cells quotation marks are ordinary characters. A row ends with LF, CRLF or CR;
// empty lines are skipped. This is Python's
// csv.reader with strict=True, on a file opened with newline="".
type Reader struct {
	in        *bufio.Reader
	separator byte
	offset    int64
	line      int // of the next byte, from 1
	begin     int // first line of the row

	text []byte // the row's cells, one after the other
	ends []int  // their ends in text
	row  []string
}

// NewReader returns a Reader for a table with that separator.
func NewReader(in *bufio.Reader, separator byte) *Reader {
	return &Reader{in: in, separator: separator, line: 1}
}

// Offset returns how many bytes of the table have been read.
func (r *Reader) Offset() int64 { return r.offset }

// Line returns the first line, counted from 1, of the last row read, or of the row with
// an error.
func (r *Reader) Line() int { return r.begin }

// Read returns the next row, valid until the next call, or io.EOF. The error is
// [csv.ErrQuote] if a quotation mark isn't closed, or followed by something else than a
// separator; other errors are from reading.
func (r *Reader) Read() ([]string, error) {
	b, err := r.first()
	if err != nil {
		return nil, err
	}
	r.text, r.ends, r.row = r.text[:0], r.ends[:0], r.row[:0]
	for {
		end, err := r.cell(b)
		if err != nil {
			return nil, err
		}
		r.ends = append(r.ends, len(r.text))
		if end != r.separator {
			break
		}
		if b, err = r.byte(); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	all, from := string(r.text), 0
	for _, end := range r.ends {
		r.row = append(r.row, all[from:end])
		from = end
	}
	return r.row, nil
}

// FirstRow returns the cells of the first row of a table with that beginning and
// separator; nil if it can't be read.
func FirstRow(head []byte, separator byte) []string {
	row, err := NewReader(bufio.NewReader(bytes.NewReader(head)), separator).Read()
	if err != nil {
		return nil
	}
	return row
}

// first returns a row's first byte, skipping empty lines.
func (r *Reader) first() (byte, error) {
	for {
		r.begin = r.line
		b, err := r.byte()
		if err != nil || b != '\n' {
			return b, err
		}
	}
}

// byte returns the next byte: LF for each line end, and LF with io.EOF at the table's
// end.
func (r *Reader) byte() (byte, error) {
	b, err := r.raw()
	if err != nil {
		return '\n', err
	}
	if b == '\r' {
		if next, _ := r.in.Peek(1); len(next) > 0 && next[0] == '\n' {
			_, err = r.raw()
		}
		r.line++
		return '\n', err
	}
	if b == '\n' {
		r.line++
	}
	return b, nil
}

func (r *Reader) raw() (byte, error) {
	b, err := r.in.ReadByte()
	if err == nil {
		r.offset++
	}
	return b, err
}

// cell reads a cell that begins with b, and returns what ends it: the separator
// or LF.
func (r *Reader) cell(b byte) (byte, error) {
	if b == '"' {
		return r.quoted()
	}
	var err error
	for b != r.separator && b != '\n' && err == nil {
		r.text = append(r.text, b)
		b, err = r.byte()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b, err
}

func (r *Reader) quoted() (byte, error) {
	before := byte(0)
	for {
		b, err := r.raw()
		switch {
		case errors.Is(err, io.EOF):
			return 0, csv.ErrQuote
		case err != nil:
			return 0, err
		case b == '"':
			if next, _ := r.in.Peek(1); len(next) == 0 || next[0] != '"' {
				return r.afterQuote()
			}
			_, _ = r.raw() // it is buffered
		case b == '\r', b == '\n' && before != '\r':
			r.line++
		}
		r.text = append(r.text, b)
		before = b
	}
}

// afterQuote requires the separator or a line end after a closing quotation mark.
func (r *Reader) afterQuote() (byte, error) {
	b, err := r.byte()
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return 0, err
	case b != r.separator && b != '\n':
		return 0, csv.ErrQuote
	}
	return b, nil
}
