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
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// record is one call of the input.
type record struct {
	id       any // a string, a json.Number, or nil if it has none
	text     datasets.Transcript
	language string // in the field that the model's calibration names; "" if there is none
	repaired bool   // invalid UTF-8 or escapes in the text were replaced
	problem  error  // why it can't be read, without a text then; nil if it can
	start    int64  // byte offset in its file
	offset   int64  // bytes of the input read so far
}

// records yields the input's calls in order, or the error that ends it, which gives
// the line or record.
type records = iter.Seq2[record, error]

// badRecord is the error of an unreadable call if the input after it can be read.
type badRecord struct{ error }

func (b badRecord) Unwrap() error { return b.error }

// source is a source of calls.
type source struct {
	records     records
	files       []file // the input files; nil: none
	size        int64  // in bytes; -1 if unknown, 0 if it doesn't matter
	interactive bool   // typed at a terminal
	stream      bool   // it may pause, and its writer may wait for an answer
}

// maxRecord is the maximum size of a call in bytes.
const maxRecord = 16 << 20

// The fields of a call's text and id; the first one present is used, for texts the
// first that isn't blank.
var (
	textFields = []string{"text", "narrative"}
	idFields   = []string{"id", "uniqueid", "sample_id"}
)

// source returns the source given by the options.
func (o Options) source(in io.Reader) (source, error) {
	how := reading{format: o.InputFormat, marks: o.MarkBadRecords, language: calibrate.LanguageField(o.Model)}
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

// fromFiles reads files one after the other, or a shard of them: the calls that begin
// in its range of their bytes.
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

// join reads parts one after the other. read returns a part's records and its size in
// bytes.
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

// fromFile reads a range of a file, or all of it.
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

// reading is how an input is read.
type reading struct {
	format string // as in [Options.InputFormat]
	name   string // of the file, used by auto
	// If its end isn't 0, only calls that begin in span are read. The input must then
	// be a file.
	span
	language   string // the field or column of a call's language; "": none
	marks      bool   // unreadable calls and blank lines become records with a problem
	mayBeEmpty bool   // input without calls isn't an error
}

// mark turns the error of one call into a record with a problem, if enabled.
func (o reading) mark(r record, err error) (record, error) {
	if !o.marks || !errors.As(err, new(badRecord)) {
		return r, err
	}
	r.problem = err
	return r, nil
}

// named prefixes errors with the input's name, and returns an error for an input
// without calls.
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

// input is an input being read.
type input struct {
	*bufio.Reader // of its text
	reading
	meter *meter
	file  io.ReadSeeker // the input, where its lines are read from begin
	begin int64

	before  int // lines before begin, once counted
	counted bool
}

// readInput reads calls in the given format; auto detects it from the name, or else
// from the input's beginning. Compressed input can't be split: all of it belongs to
// the span that contains its first byte.
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

// meter counts bytes read, and prevents a single call from exhausting memory.
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
	errEmpty     = errors.New("the text is empty")
	errBlankLine = errors.New("the line is empty")
	errNUL       = errors.New("the text holds NUL bytes; is the input text in UTF-8?")
)

// newRecord replaces every byte that isn't UTF-8 with U+FFFD. A problem with the text
// affects only this call, which keeps its id.
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

// newPlainRecord is newRecord for unescaped text, in which NUL bytes show that it isn't
// text. (In JSON they can only be escaped deliberately.)
func newPlainRecord(text string, id any) (record, error) {
	if strings.ContainsRune(text, 0) {
		return record{id: id}, errNUL
	}
	return newRecord(text, id)
}
