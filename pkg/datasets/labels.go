package datasets

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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

// parseLabels reads what a record says to a task.
func parseLabels(record *fields, task tasks.Task, text Transcript) (labels, error) {
	switch task.Kind {
	case tasks.Token:
		return parseSpans(record, task, text)
	case tasks.MultiClass:
		return parseClasses(record, task, text)
	}
	return parseFlags(record, task, text)
}

// parseSpans reads the entities.
func parseSpans(record *fields, task tasks.Task, text Transcript) (labels, error) {
	path := task.Heads[0].Source
	raw, err := record.find(path)
	if err != nil {
		return labels{}, err
	}
	l := labels{missing: raw == nil && !task.Lenient}
	if raw == nil {
		return l, nil
	}
	if err := unmarshal(raw, &l.spans); err != nil {
		return labels{}, inField(path, err)
	}
	for _, e := range l.spans {
		if err := wantLabel(task.Heads[0], e.Label, text); err != nil {
			return labels{}, err
		}
	}
	return l, checkSpans(l.spans, utf8.RuneCountInString(string(text)))
}

// checkSpans wants spans inside a text of so many characters, not empty, and
// none over another: only one of two could be learnt.
func checkSpans(spans []Entity, length int) error {
	for i, e := range spans {
		switch {
		case e.End <= e.Start:
			return bad(KindReversed, "entity %d: span [%d, %d) doesn't end after its start", i+1, e.Start, e.End)
		case e.Start < 0 || e.End > length:
			return bad(KindRange, "entity %d: span [%d, %d) isn't inside the text of %d characters", i+1, e.Start, e.End, length)
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

func parseFlags(record *fields, task tasks.Task, text Transcript) (labels, error) {
	l := labels{flags: make([][]float32, len(task.Heads)), named: make([]flagsOf, len(task.Heads))}
	for h, head := range task.Heads {
		raw, err := record.find(head.Source)
		if err != nil {
			return labels{}, err
		}
		switch {
		case task.Lenient:
			l.flags[h] = fitFlags(lenientFlags(raw), len(head.Labels))
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

// errFlags says what a multilabel field may hold.
var errFlags = bad(KindType, "want a list of 0 and 1, a list of the labels that apply, or an object of labels with 0 or 1")

// strictFlags reads yes/no labels by position, [0, 1, 1], or by name,
// ["a", "b"] or {"a": 1, "b": false}.
func strictFlags(raw json.RawMessage, head tasks.Head) ([]float32, flagsOf, error) {
	var values map[string]any
	if json.Unmarshal(raw, &values) == nil && values != nil {
		named := flagsOf{}
		for label, value := range values {
			flag, ok := strictFlag(value)
			if !ok {
				return nil, nil, errFlags
			}
			named[label] = flag
		}
		return nil, named, nil
	}
	var list []any
	if json.Unmarshal(raw, &list) != nil {
		return nil, nil, errFlags
	}
	if _, names := first(list).(string); names || len(list) == 0 && len(head.Labels) == 0 {
		named := flagsOf{}
		for _, value := range list {
			label, ok := value.(string)
			if !ok {
				return nil, nil, errFlags
			}
			named[label] = 1
		}
		return nil, named, nil
	}
	flags := make([]float32, len(list))
	for i, value := range list {
		var ok bool
		if flags[i], ok = strictFlag(value); !ok {
			return nil, nil, errFlags
		}
	}
	if len(flags) != len(head.Labels) && len(flags) > 0 {
		return nil, nil, bad(KindType, "%d values for %d labels; give head %s its labels in the configuration", len(flags), len(head.Labels), head.Name)
	}
	return fitFlags(flags, len(head.Labels)), nil, nil
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func strictFlag(value any) (float32, bool) {
	switch v := value.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		return float32(v), v == 0 || v == 1
	}
	return 0, false
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
					return bad(KindLabel, "unknown entity label %s%s", ShowLabel(e.Label), oneOf(head.Kinds(), ""))
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
