package label

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/terminal"
	"github.com/trident-nlp/trident/internal/textfile"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// record is one call of the input.
type record struct {
	id       any // a string, a json.Number, or nil if there is none
	text     datasets.Transcript
	repaired bool  // bytes of the text weren't UTF-8, or escapes no characters, and were replaced
	problem  error // why it can't be read, if it can't; there is no text then
	start    int64 // where in its file it begins, in bytes
	offset   int64 // bytes of the input that had been read then
}

// records yields the input's calls in order, or the error that ends it, which
// names the line or record.
type records = iter.Seq2[record, error]

// badRecord is the error of a call that can't be read, where what follows it can.
type badRecord struct{ error }

func (b badRecord) Unwrap() error { return b.error }

// source is where calls come from.
type source struct {
	records     records
	files       []file // that they come from; nil: no files
	size        int64  // in bytes; -1 if unknown, 0 if it doesn't matter
	interactive bool   // somebody types it
	stream      bool   // it may pause, and whoever feeds it may wait for an answer
}

// maxRecord is how many bytes one call may take.
const maxRecord = 16 << 20

// The fields that hold a call's text and its id; the first that is there counts,
// of texts the first that isn't blank.
var (
	textFields = []string{"text", "narrative"}
	idFields   = []string{"id", "uniqueid", "sample_id"}
)

// source is where the options say that calls come from.
func (o Options) source(in io.Reader) (source, error) {
	how := reading{format: o.InputFormat, marks: o.MarkBadRecords}
	switch {
	case len(o.Input) == 0:
		return source{records: fromFlags(o.Texts, how)}, nil
	case o.Input[0] == "-":
		return source{
			records:     named("standard input", readInput(in, how), how),
			size:        -1,
			interactive: terminal.Is(in),
			stream:      isStream(in),
		}, nil
	}
	files, err := findFiles(o.Input)
	if err != nil {
		return source{}, err
	}
	return fromFiles(files, o.Shard, how)
}

// isStream reports whether an input is a pipe or a device.
func isStream(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && !info.Mode().IsRegular()
}

func fromFlags(texts []string, how reading) records {
	return func(yield func(record, error) bool) {
		for i, text := range texts {
			r, err := newRecord(text, nil)
			if err != nil {
				err = badRecord{fmt.Errorf("--text %d: %w", i+1, err)}
			}
			if r, err = how.mark(r, err); !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// fromFiles reads files one after the other, or a shard of them: the calls that
// begin in its stretch of all their bytes.
func fromFiles(files []file, s Shard, how reading) (source, error) {
	size := sizeOf(files)
	if s.Count == 0 {
		return source{records: join(files, func(f file) (records, int64) { return fromFile(piece{file: f}, how), f.size }), files: files, size: size}, nil
	}
	switch {
	case size < 0:
		return source{}, badOptions("--shard wants files for --input, not pipes or devices")
	case size == 0:
		return source{}, errors.New("read input: there is no call in it")
	}
	how.mayBeEmpty = true
	all := s.span(size)
	return source{
		records: join(cut(files, all), func(p piece) (records, int64) { return fromFile(p, how), p.to }),
		files:   files,
		size:    all.to - all.from,
	}, nil
}

// join reads parts one after the other, each of which ends after so many bytes.
func join[T any](parts []T, read func(T) (list records, size int64)) records {
	return func(yield func(record, error) bool) {
		var before int64
		for _, part := range parts {
			list, size := read(part)
			for r, err := range list {
				r.offset += before
				if !yield(r, err) || err != nil {
					return
				}
			}
			before += size
		}
	}
}

// fromFile reads a stretch of a file, or all of it.
func fromFile(p piece, how reading) records {
	how.name, how.span = p.path, p.span
	return named(p.path, func(yield func(record, error) bool) {
		in, err := os.Open(p.path)
		if err != nil {
			yield(record{}, err)
			return
		}
		defer func() { _ = in.Close() }() // only read from
		readInput(in, how)(yield)
	}, how)
}

// reading says how an input is read.
type reading struct {
	format string // as in [Options.InputFormat]
	name   string // of the file, by which auto goes
	// Only calls that begin in span are read, unless its end is 0. The input must
	// be a file then.
	span
	marks      bool // a call that can't be read is a record with a problem, and so is a blank line
	mayBeEmpty bool // an input without calls is no error
}

// mark makes of an error that one call has a record with a problem, if asked to.
func (o reading) mark(r record, err error) (record, error) {
	if !o.marks || !errors.As(err, new(badRecord)) {
		return r, err
	}
	r.problem = err
	return r, nil
}

// named puts the input's name in front of its errors, and makes an error of an
// input without calls.
func named(name string, list records, how reading) records {
	return func(yield func(record, error) bool) {
		n := 0
		for r, err := range list {
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			r, err = how.mark(r, err)
			if n++; !yield(r, err) || err != nil {
				return
			}
		}
		if n == 0 && !how.marks && !how.mayBeEmpty {
			yield(record{}, fmt.Errorf("%s: there is no call in it", name))
		}
	}
}

// input is one input that is being read.
type input struct {
	*bufio.Reader // of its text
	reading
	meter *meter
	file  io.ReadSeeker // the input, where its lines are read from begin
	begin int64

	before  int // lines in front of begin, once they are counted
	counted bool
}

// readInput reads calls in the given format; auto goes by name, or else by the
// input's beginning. What is compressed can't be cut: all of it is in the span
// that holds its first byte.
func readInput(r io.Reader, how reading) records {
	return func(yield func(record, error) bool) {
		taken := &meter{r: r, limit: math.MaxInt64}
		text, err := textfile.NewReader(taken, textfile.Options{})
		if err != nil {
			yield(record{}, err)
			return
		}
		in := &input{reading: how}
		if text.Compressed() {
			if in.from > 0 {
				return
			}
			in.span = span{}
		}
		in.meter = &meter{r: text, done: int64(text.MarkSize()), limit: maxRecord}
		in.Reader = bufio.NewReaderSize(in.meter, 1<<16)
		if in.format == "auto" {
			in.format = formatOf(in.name, in.Reader)
		}
		if in.from > 0 && (in.format == "lines" || in.format == "jsonl") {
			if err := in.seek(r); err != nil {
				yield(record{}, err)
				return
			}
		}
		read := map[string]func(*input) records{
			"lines": readLines, "whole": readWhole, "jsonl": readJSONL, "json": readJSON,
			"csv": tableReader(','), "tsv": tableReader('\t'),
		}[in.format]
		read(in)(func(r record, err error) bool {
			r.offset = in.meter.done - in.from
			if text.Compressed() {
				r.offset = taken.done
			}
			in.meter.limit = in.meter.done + maxRecord
			others := r.start < in.from && (err == nil || errors.As(err, new(badRecord)))
			switch {
			case in.to > 0 && r.start >= in.to:
				return false
			case others:
				return true
			}
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

var (
	errEmpty = errors.New("the text is empty")
	errNUL   = errors.New("the text holds NUL bytes; is the input text in UTF-8?")
)

// newRecord replaces every byte that isn't UTF-8 by U+FFFD. What is wrong with
// the text is wrong with this call alone, which keeps its id.
func newRecord(text string, id any) (record, error) {
	r := record{id: id, repaired: !utf8.ValidString(text)}
	if r.repaired {
		text = string([]rune(text))
	}
	if strings.TrimSpace(text) == "" {
		return record{id: id}, errEmpty
	}
	r.text = datasets.Transcript(text)
	return r, nil
}

// newPlainRecord is newRecord for a text as it stands in the input, where NUL
// bytes show that it is no text. (In JSON they can only be escaped on purpose.)
func newPlainRecord(text string, id any) (record, error) {
	if strings.ContainsRune(text, 0) {
		return record{id: id}, errNUL
	}
	return newRecord(text, id)
}
