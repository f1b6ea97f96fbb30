package annotations

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// labelStudio is Label Studio's JSON: tasks with annotations and predictions, or
// JSON_MIN, in which a task's labels are fields.
func labelStudio() Format {
	return Format{
		Name: "labelstudio", About: "Label Studio, JSON and JSON_MIN", Reads: true, Writes: true, Output: UnitCodePoint,
		Can: Carries{IDs: true, Spans: true, Overlaps: true, Classes: true, Flags: true, Unsaid: true, Meta: true, Unlabelled: true},
		code: codec{
			offsets: true,
			usual:   []Unit{UnitCodePoint, UnitUTF16, UnitCodePointLF, UnitUTF16LF},
			read: func(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
				return in.records(ctx, textFields[0], false, func(raw []byte, _ bool, d *draft) error { return readTask(s, raw, d) })
			},
			create: func(w io.Writer, s *schema, _ fields) (writer, error) {
				return &jsonWriter{w: w, array: true, encode: func(d Document) ([]byte, error) { return taskOf(s, d) }}, nil
			},
			loses: func(s *schema, d Document) ([]string, error) {
				_, err := inUnit(s, UnitCodePoint, d)
				return nil, err
			},
		},
		reserved: []string{"text", notJudged}, id: "id",
	}
}

// inUnit returns a document's spans in the output's unit. The error is about a span that
// the unit can't express.
func inUnit(s *schema, usual Unit, d Document) ([]Span, error) {
	unit := cmp.Or(s.OutputUnit, usual)
	if isPlain(string(d.Text)) {
		return d.Spans, nil
	}
	places := unit.places([]rune(string(d.Text)))
	spans := make([]Span, len(d.Spans))
	for i, e := range d.Spans {
		var ok bool
		if spans[i], ok = fromCodePoints(places, e); !ok {
			return nil, bad(kindCut, "entity %d: span [%d, %d) cuts what %s counts as one; write another unit with --output-offset-unit", i+1, e.Start, e.End, unit)
		}
	}
	return spans, nil
}

// result is one region or choice of an annotation.
type result struct {
	From  string `json:"from_name"`
	Type  string `json:"type"`
	Value struct {
		Start  json.RawMessage `json:"start"`
		End    json.RawMessage `json:"end"`
		Text   json.RawMessage `json:"text"`
		Global *struct {
			Start int `json:"start"`
			End   int `json:"end"`
		} `json:"globalOffsets"`
		Labels  []string `json:"labels"`
		Hyper   []string `json:"hypertextlabels"`
		Choices []string `json:"choices"`
	} `json:"value"`
}

// annotation is one person's work on a task, or a model's.
type annotation struct {
	Result    []json.RawMessage `json:"result"`
	Cancelled bool              `json:"was_cancelled"`
	Truth     bool              `json:"ground_truth"`
	Created   string            `json:"created_at"`
	Updated   string            `json:"updated_at"`
}

// readTask reads a task.
func readTask(s *schema, raw []byte, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	if data := inner(o["data"]); data == nil || o["data"][0] != '{' {
		return readMinimal(s, o, d)
	}
	data := inner(o["data"])
	var made, proposed []annotation
	there, err := o.take("annotations", &made, "a list of annotations")
	if err == nil && !there { // in old versions
		_, err = o.take("completions", &made, "a list of annotations")
	}
	if err != nil {
		return err
	}
	if _, err := o.take("predictions", &proposed, "a list of annotations"); err != nil {
		return err
	}
	if d.Text, err = data.takeText(s.Text); err != nil {
		return err
	}
	d.ID = data.takeID("id")
	if d.ID == "" {
		d.ID, _ = scalar(o["id"])
	}
	data.rest(d)
	usable := slices.DeleteFunc(slices.Clone(made), func(a annotation) bool { return a.Cancelled })
	switch {
	case len(usable) > 0:
		return s.annotated(d, usable)
	case len(made) > 0:
		d.State = Skipped
	case s.Predictions && len(proposed) > 0:
		d.notes = append(d.notes, "predictions, which nobody has checked")
		return s.annotated(d, proposed)
	default:
		d.State = Unlabelled
		if len(proposed) > 0 {
			d.why = "not labelled, but with predictions: --predictions takes them"
		}
	}
	return nil
}

// annotated takes the labels of one annotation: the ground truth, or else the latest.
func (s *schema) annotated(d *draft, list []annotation) error {
	if len(list) > 1 {
		d.notes = append(d.notes, "tasks with several annotations, of which the ground truth or the latest was taken")
	}
	a := list[0]
	for _, other := range list[1:] {
		if when := max(a.Updated, a.Created); other.Truth && !a.Truth || other.Truth == a.Truth && max(other.Updated, other.Created) >= when {
			a = other
		}
	}
	for i, raw := range a.Result {
		var r result
		if json.Unmarshal(raw, &r) != nil {
			return bad(datasets.KindType, "result %d isn't one of Label Studio's", i+1)
		}
		if err := s.result(d, r, i+1); err != nil {
			return err
		}
	}
	if d.Spans == nil && d.Classes == nil && d.Flags == nil && s.task == nil {
		d.Spans = []Span{} // somebody has looked, and found nothing
	}
	s.finish(d)
	return nil
}

// result adds one result to the draft.
func (s *schema) result(d *draft, r result, number int) error {
	v := r.Value
	switch r.Type {
	case "labels", "hypertextlabels":
		labels := slices.Concat(v.Labels, v.Hyper)
		if len(labels) == 0 {
			d.lost = append(d.lost, "regions without a label")
			return nil
		}
		var e Span
		switch {
		case v.Global != nil:
			e.Start, e.End = v.Global.Start, v.Global.End
		case json.Unmarshal(orNull(v.Start), &e.Start) != nil || json.Unmarshal(orNull(v.End), &e.End) != nil || v.Start == nil || v.End == nil:
			return bad(datasets.KindType, "result %d: its start and end aren't places in a text; label the text with <Text>, not <HyperText>", number)
		}
		surface := ""
		_ = json.Unmarshal(orNull(v.Text), &surface) // absent in some exports
		for _, label := range labels {
			e.Label = label
			d.Spans, d.surfaces = append(d.Spans, e), append(d.surfaces, surface)
		}
		return nil
	case "choices":
		if v.Start != nil {
			d.lost = append(d.lost, "choices for a region")
			return nil
		}
		return s.choose(d, r.From, v.Choices)
	}
	d.lost = append(d.lost, "results of type "+datasets.ShowLabel(r.Type))
	return nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// minimalFields are the fields that JSON_MIN adds to each task.
var minimalFields = []string{"annotator", "annotation_id", "created_at", "updated_at", "lead_time"}

// region is a labelled span in JSON_MIN.
type region struct {
	Start   *int     `json:"start"`
	End     *int     `json:"end"`
	Text    string   `json:"text"`
	Labels  []string `json:"labels"`
	Hyper   []string `json:"hypertextlabels"`
	Choices []string `json:"choices"`
}

// readMinimal reads a task of JSON_MIN: its fields are the data's, and the labels by
// name. A lone choice is a string, which is a label if a head has the field's name.
func readMinimal(s *schema, o object, d *draft) (err error) {
	if !o.has("annotation_id") && !o.has("annotator") && !o.has("lead_time") {
		d.State = Unlabelled
	}
	for _, name := range minimalFields {
		delete(o, name)
	}
	if d.Text, err = o.takeText(s.Text); err != nil {
		return err
	}
	d.ID = o.takeID("id")
	for _, name := range slices.Sorted(maps.Keys(o)) {
		taken, err := s.minimal(d, name, o[name])
		if err != nil {
			return err
		}
		if taken {
			d.State = Labelled
			delete(o, name)
		}
	}
	o.rest(d)
	if d.Spans == nil && d.Classes == nil && d.Flags == nil && s.task == nil && d.State == Labelled {
		d.Spans = []Span{}
	}
	s.finish(d)
	return nil
}

// minimal reads a field if it holds labels.
func (s *schema) minimal(d *draft, name string, raw json.RawMessage) (taken bool, err error) {
	_, known := s.head(name)
	known = known || name == s.Head
	var label string
	var several struct{ Choices []string }
	var regions []region
	switch {
	case json.Unmarshal(raw, &label) == nil && known && label != "":
		return true, s.choose(d, name, []string{label})
	case raw[0] == '{' && json.Unmarshal(raw, &several) == nil && several.Choices != nil:
		return true, s.choose(d, name, several.Choices)
	case raw[0] == '[' && json.Unmarshal(raw, &regions) == nil && len(regions) > 0 && regions[0].Start != nil:
		for i, r := range regions {
			labels := slices.Concat(r.Labels, r.Hyper)
			switch {
			case r.Start == nil || r.End == nil:
				return false, bad(datasets.KindEmpty, "field %s: region %d has no start or no end", datasets.ShowLabel(name), i+1)
			case len(r.Choices) > 0:
				d.lost = append(d.lost, "choices for a region")
			case len(labels) == 0:
				d.lost = append(d.lost, "regions without a label")
			}
			for _, label := range labels {
				d.Spans, d.surfaces = append(d.Spans, Span{Start: *r.Start, End: *r.End, Label: label}), append(d.surfaces, r.Text)
			}
		}
		if d.Spans == nil {
			d.Spans = []Span{}
		}
		return true, nil
	}
	return false, nil
}
