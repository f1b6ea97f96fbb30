// Package csvtext reads CSV and TSV as Python's csv module does: a cell in
// quotes keeps its line breaks as they are, \r\n too, so that offsets into it
// are those of Python and pandas. (encoding/csv makes \n of them.)
package csvtext

import (
	"bufio"
	"errors"
	"io"
)

// Errors of a file after which nothing more can be read of it.
var (
	ErrQuote   = errors.New("a closing quote is missing")
	ErrTooLong = errors.New("the row is too long")
)

// Reader takes rows out of a file. Cells are divided by Comma; one that begins
// with a quote ends with one, and two quotes in it are one. A quote elsewhere
// is a character as others. Rows end with \n, \r or \r\n.
type Reader struct {
	in    *bufio.Reader
	comma byte
	most  int // bytes in a row, with its line break
	at    int // line of the next byte
	line  int // in which the current row begins
}

// NewReader reads rows of at most so many bytes.
func NewReader(in *bufio.Reader, comma byte, most int) *Reader {
	return &Reader{in: in, comma: comma, most: most, at: 1}
}

// Line returns the line in which the row begins that Read has read last, from 1.
// Lines end with \n here.
func (r *Reader) Line() int { return r.line }

// states within a row.
const (
	cellStart  = iota // nothing of the cell has been read
	inCell            // in a cell without quotes, or behind them
	inQuotes          // in a cell with quotes
	afterQuote        // behind a quote in such a cell
)

// Read returns the next row's cells, or io.EOF. Empty lines are passed over.
func (r *Reader) Read() ([]string, error) {
	if err := r.skipEmptyLines(); err != nil {
		return nil, err
	}
	r.line = r.at
	var row []string
	var cell []byte
	state := cellStart
	for n := 0; ; n++ {
		b, err := r.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && state == inQuotes:
			return nil, ErrQuote
		case errors.Is(err, io.EOF):
			return append(row, string(cell)), nil
		case err != nil:
			return nil, err
		case n >= r.most:
			return nil, ErrTooLong
		}
		if b == '\n' {
			r.at++
		}
		switch {
		case state == inQuotes && b == '"':
			state = afterQuote
		case state == inQuotes:
			cell = append(cell, b)
		case state == cellStart && b == '"':
			state = inQuotes
		case state == afterQuote && b == '"':
			cell, state = append(cell, b), inQuotes
		case b == r.comma:
			row, cell, state = append(row, string(cell)), nil, cellStart
		case b == '\n' || b == '\r':
			return append(row, string(cell)), r.endLine(b)
		default:
			cell, state = append(cell, b), inCell
		}
	}
}

// skipEmptyLines stops before the first byte of a row.
func (r *Reader) skipEmptyLines() error {
	for {
		b, err := r.in.ReadByte()
		switch {
		case err != nil:
			return err
		case b == '\n':
			r.at++
		case b != '\r':
			return r.in.UnreadByte()
		}
	}
}

// endLine reads the \n behind a \r.
func (r *Reader) endLine(last byte) error {
	if last != '\r' {
		return nil
	}
	b, err := r.in.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case b == '\n':
		r.at++
		return nil
	}
	return r.in.UnreadByte()
}
