package label

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readLines reads one call per line. Blank lines are allowed only at the end, so that
// predictions and lines stay aligned; if unreadable calls are marked, blank lines are
// marked too.
func readLines(in *input) records {
	return func(yield func(record, error) bool) {
		var blank *line // the first one since the last call
		for l := range in.lines() {
			r, err := newPlainRecord(l.text, nil)
			switch {
			case l.err != nil:
				err = l.err
			case errors.Is(err, errEmpty) && !in.marks:
				if blank == nil {
					blank = &l
				}
				continue
			case blank != nil:
				l, err = *blank, fmt.Errorf("%w; want a call in every line (or give --input-format whole)", errEmpty)
			}
			r.start = l.start
			if err != nil {
				err = in.at(l, err)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// readWhole reads the whole input as one call.
func readWhole(in *input) records {
	return func(yield func(record, error) bool) {
		data, err := io.ReadAll(in)
		if err != nil {
			yield(record{}, err)
			return
		}
		r, err := newPlainRecord(strings.TrimRight(string(data), "\r\n"), nil)
		if err != nil {
			err = badRecord{err}
		}
		yield(r, err)
	}
}

// line is a line without its end, LF or CRLF.
type line struct {
	text   string
	number int   // from 1, within the range read
	start  int64 // byte offset in the input
	err    error // from reading it
}

// lines yields the input's lines. It continues after a line that is too long; any other
// error is in the last one.
func (in *input) lines() func(yield func(line) bool) {
	return func(yield func(line) bool) {
		start := in.begin // a byte order mark belongs to the first line
		for number := 1; ; number++ {
			text, err := in.ReadString('\n')
			l := line{number: number, start: start}
			switch {
			case errors.Is(err, io.EOF) && text == "":
				return
			case err != nil && !errors.Is(err, io.EOF):
				l.err = err
			default:
				l.text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
			}
			if !yield(l) {
				return
			}
			if errors.Is(err, errTooLong) {
				err = in.skipLine()
				if err != nil && !errors.Is(err, io.EOF) {
					l.err = err
					yield(l)
				}
			}
			if err != nil {
				return
			}
			start = in.read()
		}
	}
}

// read returns how many bytes of the input have been consumed.
func (in *input) read() int64 { return in.meter.done - int64(in.Buffered()) }

// skipLine skips the rest of a line without buffering it. It returns io.EOF if the
// input ends in it.
func (in *input) skipLine() error {
	for {
		in.meter.limit = in.meter.done + maxRecord
		_, err := in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// at adds the line to an error. The input after that line can be read, unless reading
// failed.
func (in *input) at(l line, err error) error {
	before, counting := in.linesBefore()
	if counting != nil {
		return errors.Join(err, counting)
	}
	err = fmt.Errorf("line %d: %w", before+l.number, err)
	if l.err != nil && !errors.Is(err, errTooLong) {
		return err
	}
	return badRecord{err}
}

// seek goes to the first line that begins at in.from or after it.
func (in *input) seek(r io.Reader) error {
	file, ok := r.(io.ReadSeeker)
	if !ok {
		return errors.New("only a file can be read in parts")
	}
	at := in.from - 1 // the previous line may end there
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return err
	}
	in.file = file
	*in.meter = meter{r: file, done: at}
	in.Reset(in.meter)
	if err := in.skipLine(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	in.begin = in.read()
	return nil
}

// linesBefore counts the lines before the first one read, lazily and once: errors give
// the line in the file.
func (in *input) linesBefore() (int, error) {
	if in.file == nil || in.counted {
		return in.before, nil
	}
	here, err := in.file.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = in.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return 0, err
	}
	block, front := make([]byte, 1<<16), io.LimitReader(in.file, in.begin)
	for err == nil {
		var n int
		n, err = front.Read(block)
		in.before += bytes.Count(block[:n], []byte("\n"))
	}
	if errors.Is(err, io.EOF) {
		in.counted = true
		_, err = in.file.Seek(here, io.SeekStart)
	}
	return in.before, err
}
