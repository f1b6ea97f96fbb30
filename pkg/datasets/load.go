package datasets

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/trident-nlp/trident/internal/textfile"
)

// maxRecord is how many bytes one record may take: what is longer is no call,
// but a file without line breaks.
const maxRecord = 16 << 20

// reader takes the records out of a file: one JSON object a line, or a JSON
// array of them. Empty lines are passed over.
type reader struct {
	in      *bufio.Reader
	array   bool
	rows    *rows  // of a table, whose rows are records too; nil of JSON
	records int    // that have begun
	line    int    // in which the current record begins, from 1
	at      int    // line of the next byte
	buffer  []byte // the current record
	err     error  // of reading
}

// mostUnpacked is how many bytes a compressed file may grow to: all its records
// are kept in memory.
const mostUnpacked = 2 << 30

// newReader begins to read a file, which may be compressed. Its error is an
// [unreadableError] or one of in.
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
	head, err := r.in.Peek(4096) // what there is of them will do
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r.array = bytes.HasPrefix(bytes.TrimLeft(head, blanks), []byte("["))
	if r.array {
		_, _ = r.byteAfterBlanks() // it is in the buffer
	}
	return r, nil
}

// blanks may stand between JSON values.
const blanks = " \t\r\n"

// next returns the next record, which is good until the next call, or io.EOF.
// A [recordError] is about this record, but for an [unreadableError], after
// which nothing more can be read.
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

// readLine fills the buffer with a line, of one that is too long only with what
// shows that. It reports whether there is another line.
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

// byteAfterBlanks passes over blanks and returns what follows them; false at
// the end, or after an error of reading.
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

// orReadError is err, unless reading failed.
func (r *reader) orReadError(err error) error {
	if r.err != nil {
		return r.err
	}
	return err
}
