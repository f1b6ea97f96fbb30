package annotations

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/nearest"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Carries says what a format can hold.
type Carries struct {
	IDs        bool // of calls
	Spans      bool // entities
	Overlaps   bool // overlapping entities
	Classes    bool // case classification and other classes
	Flags      bool // yes/no labels
	Unsaid     bool // yes/no labels that weren't judged, as opposed to no
	Meta       bool // other fields
	Unlabelled bool // calls without labels
}

// Format is a file format of labelled calls.
type Format struct {
	Name   string
	About  string  // in a few words
	Reads  bool    // it can be read
	Writes bool    // it can be written
	Folder bool    // it is a folder of files
	Task   string  // of Trident's own records: the task
	Output Unit    // what its offsets count when written; "" if it has none
	Can    Carries // what it can hold
	code   codec

	reserved []string // fields that Meta can't have
	id       string   // the field of the id, which Meta can't have if it differs
	task     *tasks.Task
}

// codec reads and writes a format.
type codec struct {
	// read yields the records of a file. A [draftError] is about one record; any other
	// error ends the file.
	read func(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error]
	// offsets is set if what read yields counts in the file's unit; otherwise it counts
	// code points.
	offsets bool
	// create begins a file.
	create func(w io.Writer, s *schema, seen fields) (writer, error)
	// createIn begins a folder.
	createIn func(dir string, s *schema, seen fields) (writer, error)
	// own reports, of a folder, whether a file of that name is one of the format's: those
	// that aren't written anew are removed.
	own func(name string) bool
	// usual are the units that versions of the tool count in; nil: only Output.
	usual []Unit
	// loses lists what is lost when a document is written, besides what Carries says. Its
	// error is about a document that can't be written at all.
	loses func(s *schema, d Document) ([]string, error)
}

// writer writes documents, whose spans count code points.
type writer interface {
	write(d Document) error
	close() error // ends the file; it doesn't close the underlying one
}

// Formats lists the formats: Trident's records for its three tasks and own ones, and
// those of other tools.
func Formats(own []tasks.Task) []Format {
	list := []Format{}
	for _, t := range append(builtIn(), own...) {
		list = append(list, recordsOf(t))
	}
	return append(list, inferAnswers(), reviewed(), labelStudio(), doccano(), prodigy(), conll(), huggingFace(), brat(), docBin(), csvTable())
}

// Find returns the format of that name.
func Find(name string, own []tasks.Task) (Format, error) {
	list := Formats(own)
	var names []string
	for _, f := range list {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	hint := ""
	if other := nearest.Of(name, names); other != "" {
		hint = fmt.Sprintf("; did you mean %s?", other)
	}
	return Format{}, badOptions("no format %q%s; there are %s; own tasks need --config", name, hint, strings.Join(names, ", "))
}

// recordFormat names the format of a task's records.
func recordFormat(task string) string {
	if task == tasks.CLSName {
		return "cases"
	}
	return task
}

// isRecords reports whether a format holds records of some task.
func (f Format) isRecords() bool { return f.task != nil }

// fields are what the documents of a conversion have, for formats whose header lists it.
type fields struct {
	ids     bool
	spans   bool
	classes []string
	flags   []string
	meta    []string
	numbers map[string]bool // ids that look like names made for documents without id
}

// note adds a document's.
func (f *fields) note(d Document) {
	f.ids = f.ids || d.ID != ""
	if strings.HasPrefix(d.ID, unnamedFile) {
		if f.numbers == nil {
			f.numbers = map[string]bool{}
		}
		f.numbers[d.ID] = true
	}
	f.spans = f.spans || d.Spans != nil
	for name := range d.Classes {
		f.classes = insert(f.classes, name)
	}
	for name := range d.Flags {
		f.flags = insert(f.flags, name)
	}
	for name := range d.Meta {
		f.meta = insert(f.meta, name)
	}
}

// insert adds a name to a sorted list of distinct ones.
func insert(list []string, name string) []string {
	if i, found := slices.BinarySearch(list, name); !found {
		return slices.Insert(list, i, name)
	}
	return list
}
