// Package textfile reads text as people keep it: UTF-8 with or without a byte
// order mark, plain or compressed (gzip, zstd, bzip2). What a file is shows in
// its first bytes, not in its name. Anything else, such as a spreadsheet, is
// refused with an error that says what it is and what to do about it.
package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Refused is the error of an input that is no text, or text in an encoding
// that isn't read. It holds nothing of the input.
type Refused struct{ reason string }

func (e *Refused) Error() string { return e.reason }

// Options are how an input is read.
type Options struct {
	// MaxUnpacked is how many bytes a compressed input may grow to; 0 is no
	// limit. It is for those who keep all of it in memory: a few kilobytes can
	// unpack to as many gigabytes.
	MaxUnpacked int64
}

// Reader reads an input's text, decompressed and without its byte order mark.
type Reader struct {
	in      *bufio.Reader
	packing string
	mark    int
}

const bufferSize = 1 << 16

// NewReader looks at the beginning of in: at its first line, or the first
// 64 KiB of a longer one. Of a pipe it waits for no more. The error is a
// [Refused], one of damaged compressed data, or one of in.
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
		_, _ = r.in.Discard(r.mark) // it is in the buffer
	}
	return r, nil
}

// mark is UTF-8's byte order mark.
const mark = "\xef\xbb\xbf"

// Read implements [io.Reader].
func (r *Reader) Read(p []byte) (int, error) { return r.in.Read(p) }

// Compressed reports whether the input is.
func (r *Reader) Compressed() bool { return r.packing != "" }

// MarkSize is how many bytes the byte order mark takes that was passed over.
func (r *Reader) MarkSize() int { return r.mark }

// source notes an error of reading, which isn't one of what is read.
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

// beginning looks at what in begins with: all that is there, and its first
// line, neither longer than the buffer. It waits until there is a whole line,
// or enough to know the input by.
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
