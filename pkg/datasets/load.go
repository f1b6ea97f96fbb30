package datasets

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/trident-nlp/trident/internal/textfile"
)

// maxRecord is the maximum size of a record in bytes: anything longer isn't a call, but
// a file without line breaks.
const maxRecord = 16 << 20

// reader reads the records of a file: one JSON object per line, or a JSON array of
// objects. Empty lines are skipped.
type reader struct {
	in      *bufio.Reader
	array   bool
	rows    *rows  // of a table, whose rows are records; nil for JSON
	records int    // started so far
	line    int    // start of the current record, from 1
	at      int    // line of the next byte
	buffer  []byte // the current record
	err     error  // from reading
}

// mostUnpacked is the maximum decompressed size of a file in bytes: all its records are
// kept in memory.
const mostUnpacked = 2 << 30

// newReader starts reading a file, which may be compressed. Its error is an
// [unreadableError] or one from in.
func newReader(in io.Reader) (*reader, error) {
	text, err := textfile.NewReader(in, textfile.Options{MaxUnpacked: mostUnpacked})
	var refused *textfile.Refused
	switch {
	case errors.As(err, &refused):
		return &reader{line: 1}, unreadable(KindUTF8, "%w", refused)
	case err != nil:
		return nil, err
	}
	r := &reader{in: bufio.NewReaderSize(text, 1<<16), line: 1, at: 1}
	head, err := r.in.Peek(4096) // fewer bytes are enough
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r.array = bytes.HasPrefix(bytes.TrimLeft(head, blanks), []byte("["))
	if r.array {
		_, _ = r.byteAfterBlanks() // it is in the buffer
	}
	return r, nil
}

// blanks are allowed between JSON values.
const blanks = " \t\r\n"

// next returns the next record, which is valid until the next call, or io.EOF. A
// [recordError] is about this record only; after an [unreadableError] nothing more can
// be read.
func (r *reader) next() ([]byte, error) {
	r.buffer = r.buffer[:0]
	switch {
	case r.rows != nil:
		return r.nextRow()
	case r.array:
		return r.nextElement()
	}
	return r.nextLine()
}

func (r *reader) nextLine() ([]byte, error) {
	for {
		r.line = r.at
		more, err := r.readLine()
		if err != nil {
			return nil, err
		}
		if len(r.buffer) > maxRecord {
			r.records++
			return nil, bad(KindTooLong, "longer than %d MiB, as if a line break were missing", maxRecord>>20)
		}
		if len(bytes.TrimSpace(r.buffer)) > 0 {
			r.records++
			return r.buffer, nil
		}
		if !more {
			return nil, io.EOF
		}
		r.buffer = r.buffer[:0]
	}
}

// readLine reads a line into the buffer; if it is too long, only enough of it to detect
// that. It reports whether there was another line.
func (r *reader) readLine() (more bool, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		if len(r.buffer) <= maxRecord {
			r.buffer = append(r.buffer, part...)
		}
		switch {
		case err == nil:
			r.at++
			return true, nil
		case errors.Is(err, io.EOF):
			return false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return false, err
		}
	}
}

// byteAfterBlanks skips blanks and returns the next byte; false at the end, or after a
// read error.
func (r *reader) byteAfterBlanks() (byte, bool) {
	for {
		b, ok := r.byte()
		if !ok || !strings.ContainsRune(blanks, rune(b)) {
			return b, ok
		}
	}
}

func (r *reader) byte() (byte, bool) {
	b, err := r.in.ReadByte()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		return 0, false
	}
	if b == '\n' {
		r.at++
	}
	return b, true
}

// orReadError returns the read error if there is one, otherwise err.
func (r *reader) orReadError(err error) error {
	if r.err != nil {
		return r.err
	}
	return err
}
