package annotations

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Names of the controls in the labelling interface that docs/annotations.md shows.
const (
	labelsControl = "label"
	textObject    = "text"
)

// taskOf returns a document as a task of Label Studio. Its labels are a prediction, which
// people see as a proposal, or, with the option Annotations, an annotation.
func taskOf(s *schema, d Document) ([]byte, error) {
	data := fieldsOf(d, "id")
	data["text"] = encode(string(d.Text))
	s.withNotJudged(data, d)
	task := object{"data": encodeFields(data, "id", "text")}
	if d.State != Labelled {
		return encodeFields(task), nil
	}
	results, err := resultsOf(s, d)
	if err != nil {
		return nil, err
	}
	if s.Annotations {
		task["annotations"] = encode([]any{map[string]any{"result": results, "was_cancelled": false}})
	} else {
		task["predictions"] = encode([]any{map[string]any{"result": results, "model_version": "trident"}})
	}
	return encodeFields(task, "data"), nil
}

// resultsOf returns the regions and choices of a document.
func resultsOf(s *schema, d Document) ([]json.RawMessage, error) {
	list := []json.RawMessage{}
	add := func(kind, control string, value object) {
		list = append(list, encodeFields(object{
			"id": encode(fmt.Sprintf("trident-%d", len(list)+1)), "type": encode(kind), "from_name": encode(control), "to_name": encode(textObject), "value": encodeFields(value),
		}, "id", "type", "from_name", "to_name", "value"))
	}
	spans, err := inUnit(s, UnitCodePoint, d)
	if err != nil {
		return nil, err
	}
	text := []rune(string(d.Text))
	for i, e := range spans {
		add("labels", labelsControl, object{
			"start": encode(e.Start), "end": encode(e.End), "labels": encode([]string{e.Label}),
			"text": encode(string(text[d.Spans[i].Start:d.Spans[i].End])),
		})
	}
	for _, head := range slices.Sorted(maps.Keys(d.Classes)) {
		add("choices", head, object{"choices": encode([]string{d.Classes[head]})})
	}
	for _, head := range slices.Sorted(maps.Keys(d.Flags)) {
		var yes []string
		for _, label := range slices.Sorted(maps.Keys(d.Flags[head])) {
			if d.Flags[head][label] {
				yes = append(yes, label)
			}
		}
		if yes != nil {
			add("choices", head, object{"choices": encode(yes)})
		}
	}
	return list, nil
}
