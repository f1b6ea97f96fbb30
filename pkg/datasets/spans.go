package datasets

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// parseSpans parses the entities.
func parseSpans(record *fields, task tasks.Task, text Transcript, survey *taskSurvey) (labels, error) {
	path := task.Heads[0].Source
	raw, err := record.find(path)
	if err != nil {
		return labels{}, err
	}
	l := labels{missing: raw == nil && !task.Lenient}
	if raw == nil {
		return l, nil
	}
	if l.spans, err = entities(raw); err != nil {
		return labels{}, inField(path, err)
	}
	runes := []rune(string(text))
	survey.spans.note(runes, l.spans)
	for _, e := range l.spans {
		if e.Label == tasks.OutsideLabel {
			survey.plain++
		}
		if err := wantLabel(task.Heads[0], e.Label, text); err != nil {
			return labels{}, err
		}
		if isInside(runes, e) && string(runes[e.Start:e.End]) == e.Label && !slices.Contains(task.Heads[0].Kinds(), e.Label) {
			return labels{}, bad(KindText, "field %s: a label is the words that it stands for", path)
		}
	}
	return l, checkSpans(l.spans, runes)
}

// entities parses a list of spans, or a string that contains one.
func entities(raw json.RawMessage) ([]Entity, error) {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil && strings.HasPrefix(strings.TrimSpace(text), "[") {
		if raw = standardJSON([]byte(text)); !json.Valid(raw) {
			return nil, bad(KindType, "found a string that holds no JSON list%s", perhapsPython(text))
		}
	}
	var found []struct {
		Start *int   `json:"start"`
		End   *int   `json:"end"`
		Label string `json:"label"`
	}
	err := unmarshal(raw, &found)
	if isNotFinite(raw) {
		if number := notFiniteEnd(raw); number != nil {
			return nil, number
		}
	}
	if err != nil {
		return nil, err
	}
	spans := make([]Entity, len(found))
	for i, f := range found {
		switch {
		case f.Start == nil:
			return nil, bad(KindEmpty, "entity %d has no start%s", i+1, fieldsOf(raw, i))
		case f.End == nil:
			return nil, bad(KindEmpty, "entity %d has no end%s", i+1, fieldsOf(raw, i))
		case f.Label == "":
			return nil, bad(KindEmpty, "entity %d has no label%s", i+1, fieldsOf(raw, i))
		}
		spans[i] = Entity{*f.Start, *f.End, f.Label}
	}
	return spans, nil
}

// notFiniteEnd returns an error if a field of a span that is used is NaN or infinite.
func notFiniteEnd(raw json.RawMessage) error {
	var spans []map[string]json.RawMessage
	if json.Unmarshal(raw, &spans) != nil {
		return nil // not a list of spans, which is reported elsewhere
	}
	for i, span := range spans {
		for _, name := range []string{"start", "end", "label"} {
			if string(span[name]) == notFinite {
				return errNotFinite(fmt.Sprintf("the %s of entity %d", name, i+1))
			}
		}
	}
	return nil
}

// spanFields are the names of a span's fields, here and in other programs.
var spanFields = []string{
	"start", "end", "label", "labels", "text", "type", "entity", "entity_group", "entity_type", "word", "score", "id", "from", "to", "begin", "start_offset", "end_offset",
	"start_char", "end_char", "token_start", "token_end", "startOffset", "endOffset", "Start", "End", "Label", "from_name", "to_name", "value", "tag", "span", "offset", "offsets", "length", "category",
}

// fieldsOf lists the known fields of span i in a list. Others may be text from a call.
func fieldsOf(raw json.RawMessage, i int) string {
	var spans []map[string]json.RawMessage
	if json.Unmarshal(raw, &spans) != nil || len(spans[i]) == 0 {
		return ""
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(spans[i])) {
		if slices.Contains(spanFields, name) {
			names = append(names, strconv.Quote(name))
		}
	}
	if others := len(spans[i]) - len(names); others > 0 {
		names = append(names, fmt.Sprintf("%d %s", others, plural(others, "other field")))
	}
	return "; it has " + strings.Join(names, ", ")
}

// perhapsPython explains a string that is the output of Python's str for a list or an
// object.
func perhapsPython(text string) string {
	if strings.Contains(text, "'") {
		return "; it looks like Python's str(): write it with json.dumps"
	}
	return ""
}

// checkSpans requires spans to be inside their text, not empty, and not overlapping,
// since a word can only have one label.
func checkSpans(spans []Entity, text []rune) error {
	for i, e := range spans {
		switch {
		case e.End <= e.Start:
			return bad(KindReversed, "entity %d: span [%d, %d) doesn't end after its start%s", i+1, e.Start, e.End, perhapsLast(e))
		case e.Start < 0 || e.End > len(text):
			return bad(KindRange, "entity %d: span [%d, %d) isn't inside the text of %d characters%s", i+1, e.Start, e.End, len(text), otherUnit(text, e))
		}
	}
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return spans[a].Start - spans[b].Start })
	for n := 1; n < len(order); n++ {
		a, b := order[n-1], order[n]
		if spans[b].Start < spans[a].End {
			return bad(KindOverlap, "entities %d and %d: spans [%d, %d) and [%d, %d) overlap", min(a, b)+1, max(a, b)+1,
				spans[min(a, b)].Start, spans[min(a, b)].End, spans[max(a, b)].Start, spans[max(a, b)].End)
		}
	}
	return nil
}

// perhapsLast explains a span of one character whose end may be inclusive.
func perhapsLast(e Entity) string {
	if e.Start == e.End {
		return "; the end is behind the last character, not at it"
	}
	return ""
}
