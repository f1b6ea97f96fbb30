package annotations

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Span is a labelled piece of a text, [Start, End) in code points.
type Span = datasets.Entity

// State says what people did with a call. Only labelled calls are training data: a call
// that was skipped or rejected isn't one without entities.
type State int

// The states.
const (
	Labelled   State = iota
	Unlabelled       // nobody has labelled it yet
	Skipped          // a person passed over it, or cancelled
	Rejected         // a person said that its labels are wrong
)

// String names the state.
func (s State) String() string {
	return [...]string{"labelled", "not labelled", "skipped", "rejected"}[s]
}

// Document is a call with its labels, whatever the file they come from.
type Document struct {
	ID    string // "" if it has none
	Text  datasets.Transcript
	State State

	// Spans are nil if the call isn't labelled with entities; if it is, but has none, they
	// are empty.
	Spans []Span
	// Classes has the label of each head that has one, by the head's field: "category",
	// "intervention", "priority", or those of own tasks.
	Classes map[string]string
	// Flags has yes/no labels by head and name: Flags["opening"]["Use of call opening
	// phrase"]. A head or name that is missing wasn't judged.
	Flags map[string]map[string]bool
	// Meta are the record's other fields.
	Meta map[string]json.RawMessage
}

// LogValue keeps the document's contents out of logs.
func (d Document) LogValue() slog.Value { return d.Text.LogValue() }

// kindCut is the kind of spans that a unit can't express.
const kindCut datasets.Kind = "span that cuts a character"

// draft is a document as an importer reads it: its spans are in the file's unit.
type draft struct {
	Document
	surfaces     []string // by span: its text, as the file has it; nil or "" if it doesn't
	lost         []string // what the document can't hold
	notes        []string // what was decided about it
	why          string   // why it isn't labelled; "" if State says it
	record, line int
	from         *Input // where these are; nil: in the input
}

// draftError is an error about one record; later ones can be read.
type draftError struct{ datasets.Problem }

// bad returns an error about a record.
func bad(kind datasets.Kind, format string, args ...any) error {
	return &kindError{kind, fmt.Errorf(format, args...)}
}

type kindError struct {
	kind datasets.Kind
	err  error
}

func (e *kindError) Error() string { return e.err.Error() }
func (e *kindError) Unwrap() error { return e.err }

// sortSpans orders spans by their place; equal ones by label.
func sortSpans(spans []Span) {
	slices.SortStableFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Label, b.Label))
	})
}

// setClass sets the label of a head.
func (d *Document) setClass(head, label string) {
	if d.Classes == nil {
		d.Classes = map[string]string{}
	}
	d.Classes[head] = label
}

// setFlag sets a yes/no label.
func (d *Document) setFlag(head, name string, yes bool) {
	d.judge(head)
	d.Flags[head][name] = yes
}

// judge says that a head was judged, even if none of its labels is set.
func (d *Document) judge(head string) {
	if d.Flags == nil {
		d.Flags = map[string]map[string]bool{}
	}
	if d.Flags[head] == nil {
		d.Flags[head] = map[string]bool{}
	}
}

// setMeta keeps a field, unless it is null.
func (d *Document) setMeta(name string, value json.RawMessage) {
	if len(value) == 0 || string(value) == "null" {
		return
	}
	if d.Meta == nil {
		d.Meta = map[string]json.RawMessage{}
	}
	var line bytes.Buffer // records are lines in some formats
	if json.Compact(&line, value) == nil {
		d.Meta[name] = line.Bytes()
	}
}
