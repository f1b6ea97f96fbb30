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

// labels are what a record says to one task, before its labels have ids.
type labels struct {
	missing bool        // token task: the record isn't labelled
	spans   []Entity    // token task
	classes []string    // multiclass: one a head, "" where the record has none
	flags   [][]float32 // multilabel: of each head by position, nil where the record has none
	named   []flagsOf   // multilabel: of each head by name, nil where the record has none
}

// flagsOf are yes/no labels by name.
type flagsOf map[string]float32

// parseLabels reads what the record of that number says to a task, and notes
// for the survey how.
func parseLabels(record *fields, number int, task tasks.Task, text Transcript, survey *taskSurvey) (labels, error) {
	switch task.Kind {
	case tasks.Token:
		return parseSpans(record, task, text, &survey.spans)
	case tasks.MultiClass:
		return parseClasses(record, task, text)
	}
	return parseFlags(record, number, task, text, survey.flags)
}

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
		raw = standardJSON([]byte(text))
		if isNotFinite(raw) || !json.Valid(raw) {
			return nil, bad(KindType, "found a string that holds no JSON list%s", perhapsPython(text))
		}
	}
	var found []struct {
		Start *int   `json:"start"`
		End   *int   `json:"end"`
		Label string `json:"label"`
	}
	if err := unmarshal(raw, &found); err != nil {
		return nil, err
	}
	spans := make([]Entity, len(found))
	for i, f := range found {
		switch {
		case f.Start == nil:
			return nil, bad(KindEmpty, "entity %d has no start", i+1)
		case f.End == nil:
			return nil, bad(KindEmpty, "entity %d has no end", i+1)
		}
		spans[i] = Entity{*f.Start, *f.End, f.Label}
	}
	return spans, nil
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
			return bad(KindReversed, "entity %d: span [%d, %d) doesn't end after its start", i+1, e.Start, e.End)
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

func parseClasses(record *fields, task tasks.Task, text Transcript) (labels, error) {
	var l labels
	for _, head := range task.Heads {
		label, err := record.label(head.Source)
		if err == nil {
			err = wantLabel(head, label, text)
		}
		switch {
		case err != nil:
			return labels{}, err
		case label == "" && head.Required:
			return labels{}, bad(KindEmpty, "%s is empty", head.Source)
		case label != "" && head.Via == tasks.ViaMainCategory:
			label = MainCategory(label)
		}
		l.classes = append(l.classes, label)
	}
	return l, nil
}

func parseFlags(record *fields, number int, task tasks.Task, text Transcript, surveys []flagSurvey) (labels, error) {
	l := labels{flags: make([][]float32, len(task.Heads)), named: make([]flagsOf, len(task.Heads))}
	for h, head := range task.Heads {
		raw, err := record.find(head.Source)
		if err != nil {
			return labels{}, err
		}
		switch {
		case task.Lenient:
			flags, read := lenientFlags(raw)
			surveys[h].note(number, len(flags), len(head.Labels), read)
			l.flags[h] = fitFlags(flags, len(head.Labels))
		case raw == nil && head.Required:
			return labels{}, bad(KindEmpty, "%s is empty", head.Source)
		case raw != nil:
			if l.flags[h], l.named[h], err = strictFlags(raw, head); err != nil {
				return labels{}, fmt.Errorf("field %q: %w", head.Source, err)
			}
			for label := range l.named[h] {
				if err := wantLabel(head, label, text); err != nil {
					return labels{}, err
				}
			}
		}
	}
	return l, nil
}

// collect adds the labels of head h to those seen.
func (l labels) collect(kind tasks.Kind, h int, seen map[string]bool) {
	switch kind {
	case tasks.Token:
		for _, e := range l.spans {
			seen[e.Label] = true
		}
	case tasks.MultiClass:
		if l.classes[h] != "" {
			seen[l.classes[h]] = true
		}
	case tasks.MultiLabel:
		for label := range l.named[h] {
			seen[label] = true
		}
	}
}

// flagValues gives head h's labels in their order, [tasks.IgnoreClass] for
// each where the record has none.
func (l labels) flagValues(h int, names []string) []float32 {
	if l.flags[h] != nil {
		return l.flags[h]
	}
	values := make([]float32, len(names))
	for i, name := range names {
		values[i] = l.named[h][name]
		if l.named[h] == nil {
			values[i] = tasks.IgnoreClass
		}
	}
	return values
}

// checkKnown wants the labels to be among those that the task's heads bring
// along; of a head without, all are.
func (r *Records) checkKnown(l labels, task tasks.Task, ids []map[string]int64) error {
	for h, head := range task.Heads {
		known := func(label string) bool { _, found := ids[h][label]; return found || len(head.Labels) == 0 }
		switch task.Kind {
		case tasks.Token:
			for _, e := range l.spans {
				if e.Label == "" || !known(e.Label) {
					return bad(KindLabel, "unknown entity label %s%s", ShowLabel(e.Label), oneOf(head.Labels, tasks.OutsideLabel))
				}
			}
		case tasks.MultiClass:
			if label := l.classes[h]; label != "" && !known(label) && !r.KeepUnknown {
				return bad(KindLabel, "unknown label %s of head %s; it has %d others", ShowLabel(label), head.Name, len(head.Labels))
			}
		case tasks.MultiLabel:
			for _, label := range slices.Sorted(maps.Keys(l.named[h])) {
				if !known(label) {
					return bad(KindLabel, "head %s: unknown label %s%s", head.Name, ShowLabel(label), oneOf(head.Labels, ""))
				}
			}
		}
	}
	return nil
}

// oneOf lists the labels that were wanted, but for one.
func oneOf(labels []string, but string) string {
	others := slices.DeleteFunc(slices.Clone(labels), func(label string) bool { return label == but })
	if len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("; want one of %v", others)
}
