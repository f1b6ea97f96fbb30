package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// record is one call of the input.
type record struct {
	id       any // a string, a json.Number, or nil if there is none
	text     datasets.Transcript
	repaired bool  // bytes of the text weren't UTF-8, or escapes no characters, and were replaced
	offset   int64 // bytes of the input that had been read then
}

// records yields the input's calls in order, or the error that ends it, which
// names the line or record.
type records = iter.Seq2[record, error]

// source is where calls come from.
type source struct {
	records     records
	size        int64 // in bytes; -1 if unknown, 0 if it doesn't matter
	interactive bool  // somebody types it
	close       func() error
}

// maxRecord is how many bytes one call may take.
const maxRecord = 16 << 20

// The fields that hold a call's text and its id; the first that is there counts.
var (
	textFields = []string{"text", "narrative"}
	idFields   = []string{"id", "uniqueid", "sample_id"}
)

// source opens what the flags name.
func (f *flags) source(io cli.Streams) (source, error) {
	if f.Input == "" {
		return source{records: fromFlags(f.Text), close: func() error { return nil }}, nil
	}
	if f.Input == "-" {
		return source{
			records:     named("standard input", readInput(io.In, f.InputFormat, "")),
			size:        -1,
			interactive: terminal.Is(io.In),
			close:       func() error { return nil },
		}, nil
	}
	file, err := os.Open(f.Input)
	if err != nil {
		return source{}, fmt.Errorf("read input: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", f.Input)
	}
	if err != nil {
		file.Close()
		return source{}, fmt.Errorf("read input: %w", err)
	}
	in := source{records: named(f.Input, readInput(file, f.InputFormat, f.Input)), size: -1, close: file.Close}
	if info.Mode().IsRegular() {
		in.size = info.Size()
	}
	return in, nil
}

func fromFlags(texts []string) records {
	return func(yield func(record, error) bool) {
		for i, text := range texts {
			r, err := newRecord(text, nil)
			if err != nil {
				yield(r, fmt.Errorf("--text %d: %w", i+1, err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// named puts the input's name in front of its errors, and makes an error of an
// input without calls.
func named(name string, list records) records {
	return func(yield func(record, error) bool) {
		n := 0
		for r, err := range list {
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			if n++; !yield(r, err) || err != nil {
				return
			}
		}
		if n == 0 {
			yield(record{}, fmt.Errorf("%s: there is no call in it", name))
		}
	}
}

// readInput reads calls in the given format; auto goes by name, or else by the
// input's beginning.
func readInput(r io.Reader, format, name string) records {
	return func(yield func(record, error) bool) {
		m := &meter{r: r, limit: maxRecord}
		in := bufio.NewReaderSize(m, 1<<16)
		if err := skipMark(in); err != nil {
			yield(record{}, err)
			return
		}
		if format == "auto" {
			format = formatOf(name, in)
		}
		read := map[string]func(*bufio.Reader, *meter) records{
			"lines": readLines, "whole": readWhole, "jsonl": readJSONL, "json": readJSON, "csv": readCSV,
		}[format]
		read(in, m)(func(r record, err error) bool {
			r.offset = m.done
			m.limit = m.done + maxRecord
			return yield(r, err)
		})
	}
}

// meter counts what is read, and keeps one call from filling the memory.
type meter struct {
	r           io.Reader
	done, limit int64
}

var errTooLong = fmt.Errorf("longer than %d MiB; is a line break or a closing quote missing?", maxRecord>>20)

func (m *meter) Read(p []byte) (int, error) {
	if m.done >= m.limit {
		return 0, errTooLong
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.limit-m.done)])
	m.done += int64(n)
	return n, err
}

// skipMark passes over a byte order mark.
func skipMark(in *bufio.Reader) error {
	head, err := in.Peek(3)
	switch {
	case bytes.Equal(head, []byte("\xef\xbb\xbf")):
		_, err = in.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errors.New("this is UTF-16; save it as UTF-8")
	case errors.Is(err, io.EOF):
		return nil // short
	}
	return err
}

var errEmpty = errors.New("the text is empty")

// newRecord replaces every byte that isn't UTF-8 by U+FFFD.
func newRecord(text string, id any) (record, error) {
	r := record{id: id, repaired: !utf8.ValidString(text)}
	if r.repaired {
		text = string([]rune(text))
	}
	if strings.TrimSpace(text) == "" {
		return record{}, errEmpty
	}
	r.text = datasets.Transcript(text)
	return r, nil
}
