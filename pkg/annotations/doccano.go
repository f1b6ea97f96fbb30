package annotations

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// doccano is doccano's JSON Lines: spans as [start, end, label] or as objects with
// relations, and classes as a list of labels.
func doccano() Format {
	return Format{
		Name: "doccano", About: "doccano, JSON Lines", Reads: true, Writes: true, Output: UnitUTF16,
		Can: Carries{IDs: true, Spans: true, Overlaps: true, Classes: true, Flags: true, Unsaid: true, Meta: true, Unlabelled: true},
		code: codec{
			offsets: true,
			usual:   []Unit{UnitUTF16, UnitGrapheme},
			read: func(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
				return in.records(ctx, textFields[0], false, func(raw []byte, _ bool, d *draft) error { return readDoccano(s, raw, d) })
			},
			create: func(w io.Writer, s *schema, _ fields) (writer, error) {
				return &jsonWriter{w: w, encode: func(d Document) ([]byte, error) { return doccanoOf(s, d) }}, nil
			},
			loses: func(s *schema, d Document) ([]string, error) {
				_, err := inUnit(s, UnitUTF16, d)
				return s.losesUnknown(d), err
			},
		},
		reserved: append([]string{"text", notJudged, "relations", "Comments", "comments"}, doccanoLabels...), id: "id",
	}
}

// doccanoLabels are the fields in which versions and project types of doccano have labels.
var doccanoLabels = []string{"label", "labels", "entities", "cats", "categories"}

func readDoccano(s *schema, raw []byte, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	if d.Text, err = o.takeText(s.Text); err != nil {
		return err
	}
	d.State = Unlabelled
	for _, name := range doccanoLabels {
		var items []json.RawMessage
		there, err := o.take(name, &items, "a list of labels")
		if err != nil {
			return err
		}
		if there {
			d.State = Labelled
			if err := s.doccanoLabels(d, items, name); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"relations", "Comments", "comments"} {
		var items []json.RawMessage
		if there, err := o.take(name, &items, "a list"); err != nil {
			return err
		} else if there && len(items) > 0 {
			d.lost = append(d.lost, map[bool]string{true: "relations", false: "comments"}[name == "relations"])
		}
	}
	d.ID = o.takeID("id")
	o.rest(d)
	s.finish(d)
	return nil
}

// doccanoLabels reads a list: strings are classes; triples and objects are spans.
func (s *schema) doccanoLabels(d *draft, items []json.RawMessage, field string) error {
	var classes []string
	for i, item := range items {
		var label string
		var e Span
		triple := []any{&e.Start, &e.End, &e.Label}
		var entity struct {
			Start *int    `json:"start_offset"`
			End   *int    `json:"end_offset"`
			Label *string `json:"label"`
		}
		switch {
		case json.Unmarshal(item, &label) == nil && item[0] == '"':
			classes = append(classes, label)
			continue
		case item[0] == '[' && json.Unmarshal(item, &triple) == nil && len(triple) == 3 && !slices.Contains(triple, nil):
		case item[0] == '{' && json.Unmarshal(item, &entity) == nil && entity.Start != nil && entity.End != nil && entity.Label != nil:
			e = Span{Start: *entity.Start, End: *entity.End, Label: *entity.Label}
		default:
			return bad(datasets.KindType, "item %d of %q is neither a label nor [start, end, label], nor an object of these", i+1, field)
		}
		d.Spans = append(d.Spans, e)
	}
	if len(classes) > 0 && len(classes) < len(items) {
		return bad(datasets.KindType, "field %q holds both spans and classes", field)
	}
	if len(items) == 0 && d.Spans == nil && field != "cats" && field != "categories" && (s.task == nil || s.task.PerToken()) {
		d.Spans = []Span{}
	}
	return s.unnamed(d, classes)
}

// doccanoOf returns a document as a line of doccano's: spans or classes as label, or, if
// it has both, as entities and cats.
func doccanoOf(s *schema, d Document) ([]byte, error) {
	o := fieldsOf(d, "id")
	o["text"] = encode(string(d.Text))
	s.withNotJudged(o, d)
	if d.State != Labelled {
		return encodeFields(o, "id", "text"), nil
	}
	spans, err := inUnit(s, UnitUTF16, d)
	if err != nil {
		return nil, err
	}
	triples := [][3]any{}
	for _, e := range spans {
		triples = append(triples, [3]any{e.Start, e.End, e.Label})
	}
	classes := s.chosen(d)
	if classes == nil {
		classes = []string{}
	}
	hasClasses := d.Classes != nil || d.Flags != nil
	switch {
	case d.Spans != nil && hasClasses:
		o["entities"], o["cats"] = encode(triples), encode(classes)
	case d.Spans != nil:
		o["label"] = encode(triples)
	default:
		o["label"] = encode(classes)
	}
	return encodeFields(o, "id", "text", "label", "entities", "cats"), nil
}
