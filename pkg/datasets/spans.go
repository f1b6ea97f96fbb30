package datasets

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// parseSpans reads the entities.
func parseSpans(record *fields, task tasks.Task, text Transcript, placed *placement) (labels, error) {
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
	placed.note(text, l.spans)
	for _, e := range l.spans {
		if err := wantLabel(task.Heads[0], e.Label, text); err != nil {
			return labels{}, err
		}
	}
	return l, checkSpans(l.spans, text)
}

// entities reads a list of spans, or a string that holds one.
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
		if f.Start == nil || f.End == nil {
			return nil, bad(KindEmpty, "entity %d has no %s%s", i+1, map[bool]string{true: "start", false: "end"}[f.Start == nil], fieldsOf(raw, i))
		}
		spans[i] = Entity{*f.Start, *f.End, f.Label}
	}
	return spans, nil
}

// notFiniteEnd is an error if what is used of a span is NaN or infinite.
func notFiniteEnd(raw json.RawMessage) error {
	var spans []map[string]json.RawMessage
	if json.Unmarshal(raw, &spans) != nil {
		return nil // it is no list of spans, which is said elsewhere
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

// fieldsOf names the fields of span i in a list.
func fieldsOf(raw json.RawMessage, i int) string {
	var spans []map[string]json.RawMessage
	if json.Unmarshal(raw, &spans) != nil || len(spans[i]) == 0 {
		return ""
	}
	names := slices.Sorted(maps.Keys(spans[i]))
	for k, name := range names {
		names[k] = shownName(name)
	}
	return "; it has " + strings.Join(names[:min(len(names), namesListed)], ", ")
}

// perhapsPython explains a text that Python's str made of a list or an object.
func perhapsPython(text string) string {
	if strings.Contains(text, "'") {
		return "; it looks like Python's str(): write it with json.dumps"
	}
	return ""
}

// checkSpans wants spans inside their text, not empty, and none over
// another: only one of two could be learnt.
func checkSpans(spans []Entity, text Transcript) error {
	length := utf8.RuneCountInString(string(text))
	for i, e := range spans {
		switch {
		case e.End <= e.Start:
			return bad(KindReversed, "entity %d: span [%d, %d) doesn't end after its start%s", i+1, e.Start, e.End, perhapsLast(e))
		case e.Start < 0 || e.End > length:
			return bad(KindRange, "entity %d: span [%d, %d) isn't inside the text of %d characters%s", i+1, e.Start, e.End, length, otherUnit(text, e))
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

// perhapsLast explains a span of one character whose end is that one.
func perhapsLast(e Entity) string {
	if e.Start == e.End {
		return "; the end is behind the last character, not at it"
	}
	return ""
}
