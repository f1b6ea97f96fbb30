// Package textfile reads text files: UTF-8 with or without a byte-order mark, plain or
// compressed (gzip, zstd, bzip2), recognised by their first bytes, not by their name.
// Anything else, such as a spreadsheet, is refused with an error that says what it is and
// what to do about it.
package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Refused is the error for an input that isn't text, or is in an unsupported encoding. It
// contains nothing from the input.
type Refused struct{ reason string }

func (e *Refused) Error() string { return e.reason }

// Options configure a [Reader].
type Options struct {
	// MaxUnpacked is the maximum decompressed size in bytes; 0 is no limit. It is for
	// callers that hold all of it in memory: a few kilobytes can unpack to as many
	// gigabytes.
	MaxUnpacked int64
}

// Reader reads an input's text, decompressed and without its byte-order mark.
type Reader struct {
	in      *bufio.Reader
	packing string
	mark    int
}

const bufferSize = 1 << 16

// NewReader examines the beginning of in: its first line, or the first 64 KiB of a longer
// one. On a pipe it waits for no more than that. The error is a [Refused], one about
// damaged compressed data, or one from in.
func NewReader(in io.Reader, o Options) (*Reader, error) {
	source := &source{in: in}
	r := &Reader{in: bufio.NewReaderSize(source, bufferSize)}
	head, line, err := beginning(r.in)
	if err != nil {
		return nil, err
	}
	if p := packingOf(head); p != nil {
		unpacked, err := p.unpack(r.in, source, o)
		if err != nil {
			return nil, err
		}
		r.packing, r.in = p.name, bufio.NewReaderSize(unpacked, bufferSize)
		if head, line, err = beginning(r.in); err != nil {
			return nil, err
		}
		if inner := packingOf(head); inner != nil {
			return nil, &Refused{fmt.Sprintf("this is %s inside of %s; decompress it once", inner.name, p.name)}
		}
	}
	if err := check(head, line); err != nil {
		if r.packing != "" {
			return nil, &Refused{fmt.Sprintf("in the %s data: %s", r.packing, err)}
		}
		return nil, err
	}
	if bytes.HasPrefix(head, []byte(mark)) {
		r.mark = len(mark)
		_, _ = r.in.Discard(r.mark) // it is buffered
	}
	return r, nil
}

// mark is UTF-8's byte-order mark.
const mark = "\xef\xbb\xbf"

// Read implements [io.Reader].
func (r *Reader) Read(p []byte) (int, error) { return r.in.Read(p) }

// Compressed reports whether the input is compressed.
func (r *Reader) Compressed() bool { return r.packing != "" }

// MarkSize returns the size in bytes of the skipped byte-order mark.
func (r *Reader) MarkSize() int { return r.mark }

// source records read errors, to tell them from errors in the data.
type source struct {
	in  io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// beginning returns the beginning of in, all that is buffered, and its first line; neither
// is longer than the buffer. It waits for a whole line, or enough to recognise the input.
func beginning(in *bufio.Reader) (head, line []byte, err error) {
	for n := 1; ; n = in.Buffered() + 1 {
		head, err = in.Peek(n)
		seen := n - 1 // without a line break
		head, _ = in.Peek(max(len(head), in.Buffered()))
		end := bytes.IndexByte(head[min(seen, len(head)):], '\n')
		switch {
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull):
			return nil, nil, err
		case end >= 0:
			return head, head[:seen+end], nil
		case err != nil, len(head) >= 4 && (packingOf(head) != nil || known(head) != nil):
			return head, head, nil
		}
	}
}
