package reviews

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/atomicdir"
)

// ErrNoRoom means that a disk is full, or that a file may grow no more. Nothing of what
// was to be kept counts.
var ErrNoRoom = errors.New("there is no room on the disk")

// ErrBroken means that a failed write couldn't be taken back: until the folder is opened
// again, nothing more is kept.
var ErrBroken = errors.New("an earlier write failed and couldn't be taken back: restart the server")

// ErrGone means that the file of reviews was moved, replaced or removed while it was open:
// what is written to it would be lost.
var ErrGone = errors.New("the file of reviews was moved or removed: put it back, or restart the server")

// log is a file of lines that is only appended to. A line counts once it is on the disk.
type log struct {
	f      *os.File
	size   int64 // of the lines that count
	broken bool
}

// openLog opens a log, and gives each line with its place to take. What a crash left of a
// line behind the last line end is moved to a file of its own, whose name is returned; a
// whole line that lacks its end alone counts.
func openLog(path string, isWhole func(line []byte) bool, take func(line []byte, at int64) error) (l *log, torn string, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	size, rest, err := eachLine(f, take)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	l = &log{f: f, size: size}
	switch {
	case len(rest) == 0:
	case isWhole(rest):
		if err = take(rest, size); err == nil {
			_, err = l.append(rest, true)
		}
		if err != nil {
			return nil, "", fmt.Errorf("end the last line of %s: %w", path, err)
		}
	default:
		if torn, err = setAside(path, size, rest); err == nil {
			err = l.cut()
		}
		if err != nil {
			return nil, "", fmt.Errorf("set aside the unfinished last line of %s: %w", path, err)
		}
	}
	return l, torn, atomicdir.Sync(filepath.Dir(path))
}

// eachLine calls take with each line, without its end, and with its place. It returns how
// many bytes the lines have, and what is behind the last line end. Errors name the line.
func eachLine(r io.Reader, take func(line []byte, at int64) error) (size int64, rest []byte, err error) {
	lines := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		switch {
		case errors.Is(err, io.EOF):
			return size, line, nil
		case err != nil:
			return size, nil, fmt.Errorf("line %d: %w", n, err)
		}
		if err := take(line[:len(line)-1], size); err != nil {
			return size, nil, fmt.Errorf("line %d: %w", n, err)
		}
		size += int64(len(line))
	}
}

// errLong is about a line that no writer of this package has written.
var errLong = fmt.Errorf("it is longer than %d bytes; is this a file of reviews?", maxLine)

// readLine returns a line with its end; with io.EOF, what is behind the last end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, errLong
		case err == nil || !errors.Is(err, bufio.ErrBufferFull):
			return line, err
		}
	}
}

// setAside keeps what a crash left of a line in a file of its own.
func setAside(path string, at int64, rest []byte) (string, error) {
	dir, name := filepath.Split(path)
	for n := 0; ; n++ {
		aside := filepath.Join(dir, fmt.Sprintf("torn-%d-%d-%s", at, n, name))
		f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			_, err = f.Write(rest)
			err = errors.Join(err, f.Sync(), f.Close())
		}
		return aside, err
	}
}

// append appends a line and waits until it is on the disk. After an error the file is as it was.
// ends says that the line itself is there already, and lacks its end.
func (l *log) append(line []byte, ends bool) (at int64, err error) {
	switch {
	case l.broken:
		return 0, ErrBroken
	case l.isGone():
		return 0, ErrGone
	}
	at = l.size
	from, data := at, line
	if ends {
		from, data = at+int64(len(line)), []byte("\n")
		line = append(bytes.Clone(line), '\n')
	}
	_, err = l.f.WriteAt(data, from)
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		if isFull(err) {
			err = fmt.Errorf("%w: %w", ErrNoRoom, err)
		}
		return 0, errors.Join(err, l.cut())
	}
	l.size += int64(len(line))
	return at, nil
}

// isGone reports whether the file isn't where it was any more.
func (l *log) isGone() bool {
	now, err := os.Stat(l.f.Name())
	if err != nil {
		return true
	}
	open, err := l.f.Stat()
	return err != nil || !os.SameFile(now, open)
}

// cut removes what is behind the lines that count.
func (l *log) cut() error {
	err := l.f.Truncate(l.size)
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		l.broken = true
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return nil
}

// retract removes the lines from at on.
func (l *log) retract(at int64) error {
	l.size = at
	return l.cut()
}

// at returns a line, without its end.
func (l *log) at(place int64, n int) ([]byte, error) {
	line := make([]byte, n)
	_, err := l.f.ReadAt(line, place)
	return line, err
}
