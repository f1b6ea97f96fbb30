package datasets

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// labels are a record's labels for one task, before conversion to ids.
type labels struct {
	missing bool        // token task: the record isn't labelled
	spans   []Entity    // token task
	classes []string    // multiclass: one per head, "" if missing
	flags   [][]float32 // multilabel, by head: labels by position, nil if missing
	named   []flagsOf   // multilabel, by head: labels by name, nil if missing
	partial bool        // multilabel: names that aren't among named are ignored
}

// flagsOf are yes/no labels by name.
type flagsOf map[string]float32

// parseLabels reads a record's labels for a task, and adds to the survey how they were
// interpreted.
func parseLabels(record *fields, number int, task tasks.Task, text Transcript, survey *taskSurvey) (labels, error) {
	switch task.Kind {
	case tasks.Token:
		return parseSpans(record, task, text, survey)
	case tasks.MultiClass:
		return parseClasses(record, task, text)
	}
	return parseFlags(record, number, task, text, survey.flags)
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
		if err == nil && isNotFinite(raw) {
			err = errNotFinite(head.Source)
		}
		if err != nil {
			return labels{}, err
		}
		switch {
		case task.Lenient:
			flags, read := lenientFlags(raw, len(head.Labels))
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

// collect adds the labels of head h to seen.
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

// flagValues returns head h's labels in the order of names, all [tasks.IgnoreClass] if
// the record has none.
func (l labels) flagValues(h int, names []string) []float32 {
	if l.flags[h] != nil {
		return l.flags[h]
	}
	values := make([]float32, len(names))
	for i, name := range names {
		value, said := l.named[h][name]
		values[i] = value
		if l.named[h] == nil || l.partial && !said {
			values[i] = tasks.IgnoreClass
		}
	}
	return values
}

// checkKnown returns an error if a label isn't one of those defined by its head; a head
// without labels accepts all.
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

// oneOf lists the accepted labels except one.
func oneOf(labels []string, but string) string {
	others := slices.DeleteFunc(slices.Clone(labels), func(label string) bool { return label == but })
	if len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("; want one of %v", others)
}
