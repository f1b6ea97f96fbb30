package annotations

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// csvTable is a table of Trident's records, as docs/data.md describes: a column for each
// field, lists and objects as JSON in a cell. Its labels are those of all tasks.
func csvTable() Format {
	return Format{
		Name: "csv", About: "a table of Trident's records, of all tasks together", Reads: true, Writes: true,
		Can: Carries{IDs: true, Spans: true, Classes: true, Flags: true, Unsaid: true, Meta: true, Unlabelled: true},
		code: codec{
			read: func(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
				return in.records(ctx, s.columnIn(in), true, func(raw []byte, table bool, d *draft) error { return readRow(s, raw, table, d) })
			},
			create: func(w io.Writer, s *schema, seen fields) (writer, error) { return newRows(w, s, seen) },
			loses:  losesInTable,
		},
		reserved: []string{"text", "narrative", "entities", "category", "intervention", "priority"}, id: "id",
	}
}

// losesInTable lists the heads that a table can't have, and refuses what its reader would.
func losesInTable(s *schema, d Document) ([]string, error) {
	if err := withoutNUL(d.Text); err != nil {
		return nil, err
	}
	o := object{s.textColumn(): encode(string(d.Text))}
	for head, label := range d.Classes {
		if s.canName(head) {
			o.set(head, encode(label))
		}
	}
	return s.losesUnknown(d), readBack(readRow(s, encodeFields(o), false, &draft{}))
}

// textColumn is the field of the text, and idColumn that of the id: those of the task's
// records.
func (s *schema) textColumn() string {
	if s.task != nil {
		return s.task.Text
	}
	return textFields[0]
}

func (s *schema) idColumn() string {
	if s.task != nil {
		return idField(*s.task)
	}
	return idFields[0]
}

// columnIn finds the column of the text in an input.
func (s *schema) columnIn(in Input) string {
	if s.Text != "" {
		return s.Text
	}
	names := append([]string{s.textColumn()}, textFields...)
	for _, name := range names {
		f, err := in.open()
		if err != nil {
			break
		}
		_, err = datasets.NewRecordReader(f, in.Name+".csv", name) // so that it is taken for a table, whatever its name
		if err = errors.Join(err, f.Close()); err == nil {
			return name
		}
	}
	return names[0]
}

// readRow reads the labels that a row has of any task, or of the one that is asked for.
func readRow(s *schema, raw []byte, table bool, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	field := s.Text
	if field == "" {
		field = s.textColumn()
		for _, name := range append([]string{field}, textFields...) {
			if o.has(name) {
				field = name
				break
			}
		}
	}
	list := s.tasks
	if s.task != nil {
		list = []tasks.Task{*s.task}
	}
	d.State = Unlabelled
	for _, t := range list {
		t.Text = field
		if !slices.ContainsFunc(t.Heads, func(h tasks.Head) bool { return len(o.at(h.Source)) > 0 }) {
			continue
		}
		if _, err := readLabels(raw, o, t, d); err != nil {
			return err
		}
		if d.Spans != nil || d.Classes != nil || d.Flags != nil {
			d.State = Labelled
		}
	}
	if d.Text, err = o.takeText(field); err != nil {
		return err
	}
	d.ID = o.takeID(s.idColumn())
	for name, value := range o {
		if table {
			value = cellValue(value)
		}
		d.setMeta(name, value)
	}
	return nil
}

// cellValue returns the JSON that a cell holds, or the cell.
func cellValue(cell json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(cell, &text) == nil && json.Valid([]byte(text)) && datasets.CheckJSON([]byte(text)) == nil {
		return json.RawMessage(text)
	}
	return cell
}

// cellOf returns a value as a cell: a string as it is, unless it would be taken for JSON.
func cellOf(value json.RawMessage) string {
	var text string
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil && text != "" && !json.Valid([]byte(text)) {
		return text
	}
	return string(value)
}

// rows writes a table.
type rows struct {
	w       *csv.Writer
	s       *schema
	columns []string
	labels  map[string]bool // columns whose cells are strings or lists, never to be quoted
}

func newRows(w io.Writer, s *schema, seen fields) (*rows, error) {
	r := &rows{w: csv.NewWriter(w), s: s, labels: map[string]bool{s.idColumn(): true, s.textColumn(): true}}
	if seen.ids {
		r.columns = append(r.columns, s.idColumn())
	}
	r.columns = append(r.columns, s.textColumn())
	add := func(path string, label bool) {
		name, _, _ := strings.Cut(path, ".")
		if !slices.Contains(r.columns, name) {
			r.columns = append(r.columns, name)
		}
		r.labels[name] = r.labels[name] || label && name == path
	}
	if seen.spans {
		add("entities", true)
	}
	for _, head := range seen.classes {
		add(head, true)
	}
	for _, head := range seen.flags {
		_, h := s.flagHead(head)
		add(h.Source, false)
	}
	for _, name := range seen.meta {
		add(name, false)
	}
	return r, r.w.Write(r.columns)
}

func (r *rows) write(d Document) error {
	o := fieldsOf(d, r.s.idColumn())
	o[r.s.textColumn()] = encode(string(d.Text))
	if d.Spans != nil {
		o["entities"] = encode(d.Spans)
	}
	for head, label := range d.Classes {
		if r.s.canName(head) {
			o.set(head, encode(label))
		}
	}
	for head, flags := range d.Flags {
		if r.s.canName(head) {
			t, h := r.s.flagHead(head)
			o.set(h.Source, flagList(t, h, flags))
		}
	}
	cells := make([]string, len(r.columns))
	for i, name := range r.columns {
		value := o[name]
		var text string
		switch {
		case len(value) == 0:
		case r.labels[name] && value[0] == '"' && json.Unmarshal(value, &text) == nil:
			cells[i] = text
		default:
			cells[i] = cellOf(value)
		}
	}
	return r.w.Write(cells)
}

// flagHead returns the task and head of yes/no labels; those of an unknown head are
// written by name, in a field of theirs.
func (s *schema) flagHead(name string) (tasks.Task, tasks.Head) {
	for _, t := range s.tasks {
		for _, h := range t.Heads {
			if t.Kind == tasks.MultiLabel && h.Name == name {
				return t, h
			}
		}
	}
	return tasks.Task{}, tasks.Head{Name: name, Source: name}
}

func (r *rows) close() error {
	r.w.Flush()
	return r.w.Error()
}
