package annotations

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// recordsOf is the format of a task's records, as docs/data.md describes them: JSON Lines
// for spans and own tasks, an array for cases and call quality.
func recordsOf(t tasks.Task) Format {
	f := Format{Name: recordFormat(t.Name), Task: t.Name, Reads: true, Writes: true, task: &t}
	f.About = map[string]string{tasks.NERName: "Trident's records with entities", tasks.CLSName: "Trident's classified cases", tasks.QAName: "Trident's records of call quality"}[t.Name]
	if f.About == "" {
		f.About = "records of the task " + t.Name
	}
	f.Can = Carries{IDs: true, Meta: true, Unsaid: true, Spans: t.PerToken(), Classes: t.Kind == tasks.MultiClass, Flags: t.Kind == tasks.MultiLabel}
	f.id, f.reserved = idField(t), []string{t.Text}
	for _, h := range t.Heads {
		if !strings.Contains(h.Source, ".") {
			f.reserved = append(f.reserved, h.Source)
		}
	}
	f.code = codec{
		read: func(ctx context.Context, in Input, _ *schema) iter.Seq2[draft, error] {
			return in.records(ctx, t.Text, true, func(raw []byte, _ bool, d *draft) error { return readRecord(raw, t, d) })
		},
		create: func(w io.Writer, _ *schema, _ fields) (writer, error) {
			array := t.Name == tasks.CLSName || t.Name == tasks.QAName
			return &jsonWriter{w: w, array: array, encode: func(d Document) ([]byte, error) { return recordOf(t, d), nil }}, nil
		},
		loses: func(_ *schema, d Document) ([]string, error) {
			return nil, readBack(readRecord(recordOf(t, d), t, &draft{}))
		},
	}
	return f
}

// idField is the field of the id in a task's records.
func idField(t tasks.Task) string {
	switch t.Name {
	case tasks.CLSName:
		return "uniqueid"
	case tasks.QAName:
		return "sample_id"
	}
	return "id"
}

// readRecord reads a record of a task. What training refuses of a record is refused.
func readRecord(raw []byte, t tasks.Task, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	if d.Text, err = readLabels(raw, o, t, d); err != nil {
		return err
	}
	o.remove(t.Text)
	if !labelledFor(t, d.Document) {
		d.State = Unlabelled
	}
	d.ID = o.takeID(idField(t))
	o.rest(d)
	return nil
}

// readLabels reads a task's labels from the record raw, and removes their fields from o.
func readLabels(raw []byte, o object, t tasks.Task, d *draft) (datasets.Transcript, error) {
	t = fieldTask(t)
	found, err := datasets.ParseRecord(raw, t)
	if err != nil {
		return "", err
	}
	switch t.Kind {
	case tasks.Token:
		if !found.Missing {
			d.Spans = found.Spans
		}
		o.remove(t.Heads[0].Source)
	case tasks.MultiClass:
		for h, head := range t.Heads {
			if label := found.Classes[h]; label != "" {
				d.setClass(head.Source, label)
			}
			o.remove(head.Source)
		}
	default:
		if err := readFlags(o, t, found, d); err != nil {
			return "", err
		}
	}
	return found.Text, nil
}

// fieldTask is a multiclass task whose heads are its fields: main and sub-category are
// one. A record without them isn't labelled.
func fieldTask(t tasks.Task) tasks.Task {
	if t.Kind != tasks.MultiClass {
		return t
	}
	var heads []tasks.Head
	for _, h := range t.Heads {
		h.Via, h.Required = "", false
		if !slices.ContainsFunc(heads, func(other tasks.Head) bool { return other.Source == h.Source }) {
			heads = append(heads, h)
		}
	}
	t.Heads = heads
	return t
}

// readFlags reads the yes/no labels of a record, and removes their fields.
func readFlags(o object, t tasks.Task, found datasets.RecordLabels, d *draft) error {
	for h, head := range t.Heads {
		raw := o.at(head.Source)
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		values := map[string]float32{}
		unsaid := map[string]bool{}
		switch {
		case found.Named[h] != nil:
			values = found.Named[h]
		case found.Flags[h] != nil:
			list := listOf(raw)
			for i, label := range head.Labels {
				values[label] = found.Flags[h][i]
				if t.Lenient && (list != nil && i >= len(list) || i < len(list) && !said(list[i])) {
					unsaid[label] = true
				}
			}
			if len(list) > len(head.Labels) {
				d.notes = append(d.notes, "values of "+head.Name+" beyond its criteria, which training ignores, too")
			}
		}
		if len(head.Labels) == 0 {
			d.judge(head.Name)
		}
		for label, value := range values {
			if value != 0 && value != 1 {
				return bad(datasets.KindType, "field %q: a value of %.4g is neither yes nor no", head.Source, value)
			}
			if !unsaid[label] {
				d.setFlag(head.Name, label, value == 1)
			}
		}
	}
	for _, head := range t.Heads {
		o.remove(head.Source)
	}
	return nil
}

// listOf returns the list that a value is, or that it holds as a string; or nil.
func listOf(raw json.RawMessage) []json.RawMessage {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

func said(raw json.RawMessage) bool {
	_, ok := datasets.ReadFlag(raw)
	return ok
}

// recordOf returns a document as a record of a task.
func recordOf(t tasks.Task, d Document) []byte {
	id := idField(t)
	o := fieldsOf(d, id)
	o.set(t.Text, encode(string(d.Text)))
	switch t.Kind {
	case tasks.Token:
		spans := d.Spans
		if spans == nil {
			spans = []Span{}
		}
		o.set(t.Heads[0].Source, encode(spans))
	case tasks.MultiClass:
		for _, head := range t.Heads {
			if label := d.Classes[head.Source]; label != "" {
				o.set(head.Source, encode(label))
			}
		}
	default:
		for _, head := range t.Heads {
			if flags, found := d.Flags[head.Name]; found || t.Lenient {
				o.set(head.Source, flagList(t, head, flags))
			}
		}
		if t.Name == tasks.QAName { // a string, as in the prototype's files
			o["labels"] = encode(string(o["labels"]))
		}
	}
	return encodeFields(o, id, t.Text)
}

// flagList returns yes/no labels as a task's records have them: by position, with null
// for what wasn't judged, or by name for own tasks.
func flagList(t tasks.Task, head tasks.Head, flags map[string]bool) json.RawMessage {
	number := map[bool]int{true: 1}
	if !t.Lenient {
		named := map[string]int{}
		for label, yes := range flags {
			named[label] = number[yes]
		}
		return encode(named)
	}
	list := make([]any, len(head.Labels))
	for i, label := range head.Labels {
		if yes, judged := flags[label]; judged {
			list[i] = number[yes]
		}
	}
	return encode(list)
}
