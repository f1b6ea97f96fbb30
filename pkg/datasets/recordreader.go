package datasets

import (
	"errors"
	"io"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// RecordReader reads the records of a file as [Load] does: JSON Lines, a JSON array, or a
// table whose rows become objects; compressed or not. It holds one record at a time.
type RecordReader struct {
	in   *reader
	path string
}

// NewRecordReader starts reading a file. text names the field of the texts, by which a
// table is recognised, and path is for messages and for its extension. The error is a
// [Problem] or one from in.
func NewRecordReader(in io.Reader, path, text string) (*RecordReader, error) {
	r := &RecordReader{path: path}
	var err error
	if r.in, err = newReader(in); err == nil {
		err = r.in.openTable(path, wants{text: text})
	}
	if err != nil {
		return nil, r.explained(err)
	}
	return r, nil
}

// Next returns the next record, a JSON value that is valid until the next call, or
// io.EOF. If the error is a [Problem] of a record, reading can go on.
func (r *RecordReader) Next() ([]byte, error) {
	raw, err := r.in.next()
	if err != nil {
		return nil, r.explained(err)
	}
	return raw, nil
}

// Place returns the number of the last record and the line in which it begins, both from
// 1.
func (r *RecordReader) Place() (record, line int) { return r.in.records, r.in.line }

// Table reports whether records are rows of a table, whose cells are strings.
func (r *RecordReader) Table() bool { return r.in.rows != nil }

// explained turns an error about the data into a [Problem]. One after which nothing can
// be read has no record.
func (r *RecordReader) explained(err error) error {
	var about *recordError
	if !errors.As(err, &about) {
		return err
	}
	p := Problem{File: r.path, Record: r.in.records, Line: r.in.line, Kind: about.kind, Message: err.Error()}
	if errors.As(err, new(unreadableError)) || r.in.array && about.kind == KindJSON {
		p.Record = 0
		p.Message += "; nothing after that can be read"
	}
	return p
}

// Error is the problem on one line.
func (p Problem) Error() string { return p.String() }

// RecordLabels are a record's text and its labels for one task, as [Load] reads them.
type RecordLabels struct {
	Text    Transcript
	Missing bool                 // token tasks: it has no field of entities
	Spans   []Entity             // token tasks
	Classes []string             // multiclass tasks, by head; "" if missing
	Named   []map[string]float32 // multilabel tasks, by head, of labels given by name; nil if missing or by position
	Flags   [][]float32          // multilabel tasks, by head, of labels given by position; nil if missing
}

// ParseRecord reads a record for a task. It refuses what [Load] refuses of a single
// record, except labels that a head doesn't know. The error has a [Kind], see [KindOf].
func ParseRecord(raw []byte, task tasks.Task) (RecordLabels, error) {
	record, err := parseFields(raw)
	if err != nil {
		return RecordLabels{}, err
	}
	text, err := record.text(task.Text)
	if err != nil {
		return RecordLabels{}, err
	}
	survey := taskSurvey{flags: make([]flagSurvey, len(task.Heads))}
	l, err := parseLabels(record, 1, task, text, &survey)
	if err != nil {
		return RecordLabels{}, err
	}
	out := RecordLabels{Text: text, Missing: task.PerToken() && (l.missing || l.spans == nil), Spans: l.spans, Classes: l.classes, Flags: l.flags}
	for _, named := range l.named {
		out.Named = append(out.Named, named)
	}
	return out, nil
}

// ReadFlag reads a yes/no value as the lenient tasks do: a number is clipped to 0…1. said
// is false for what says neither yes nor no, such as "not applicable".
func ReadFlag(raw []byte) (value float32, said bool) {
	var read flagsRead
	value = read.flag(raw)
	return value, read.odd+read.notApplicable == 0
}

// CheckJSON returns an error about JSON that isn't valid, isn't UTF-8, or has half a
// surrogate pair. NaN and Infinity, which Python writes, are allowed.
func CheckJSON(raw []byte) error {
	var v any
	return unmarshal(standardJSON(raw), &v)
}
