package datasets

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// doubts returns the warnings about a file. Its error means that the file lacks required
// data.
func (r *Records) doubts() (list []string, err error) {
	if r.survey.objects == 0 {
		return nil, nil
	}
	for t, task := range r.Tasks {
		s := &r.survey.tasks[t]
		own := r.absences(task, s)
		unlabelled, err := r.unlabelled(task, t)
		if err != nil {
			return nil, err
		}
		own = append(own, unlabelled...)
		switch task.Kind {
		case tasks.Token:
			switch {
			case s.plain > 0 && s.plain == s.spans.spans:
				own = append(own, fmt.Sprintf("no record has an entity: all %d spans are labelled %s", s.plain, tasks.OutsideLabel))
			case !r.any(t, labels.hasSpan):
				own = append(own, "no record has an entity")
			case s.plain > 0:
				own = append(own, fmt.Sprintf("%d of %d spans are labelled %s: they are no entities", s.plain, s.spans.spans, tasks.OutsideLabel))
			}
			if warning := s.spans.warning(); warning != "" {
				own = append(own, warning)
			}
		case tasks.MultiLabel:
			if task.Lenient {
				if err := unreadableFlags(task, s.flags); err != nil {
					return nil, err
				}
				own = append(own, flagWarnings(task, s.flags)...)
			}
			if !r.any(t, labels.hasFlag) {
				own = append(own, "every label of every record is no")
			}
		}
		own = append(own, r.labelWarnings(task, t)...)
		for _, warning := range own {
			list = append(list, fmt.Sprintf("task %s: %s", task.Name, warning))
		}
	}
	return list, nil
}

// unlabelled returns warnings about heads of a multiclass task whose field is present
// but has no label in any record: training them is an error.
func (r *Records) unlabelled(task tasks.Task, t int) (list []string, err error) {
	if task.Kind != tasks.MultiClass {
		return nil, nil
	}
	for h, head := range task.Heads {
		labelled := func(record []labels) bool { return record != nil && record[t].classes[h] != "" }
		if r.survey.tasks[t].heads[h].found == 0 || slices.ContainsFunc(r.labels, labelled) {
			continue
		}
		if !r.KeepUnknown {
			return nil, fmt.Errorf("task %s: head %s, field %s: no record has a label", task.Name, head.Name, head.Source)
		}
		list = append(list, fmt.Sprintf("head %s: no record has a label: it isn't scored", head.Name))
	}
	return list, nil
}

// absences returns warnings about fields missing in some records: if that counts as
// negative, if another field has a similar name, and if no field has.
func (r *Records) absences(task tasks.Task, s *taskSurvey) (list []string) {
	records, alike := map[string]int{}, map[string]int{}
	for h, p := range s.heads {
		if p.found == 0 {
			list = append(list, fmt.Sprintf("no record has the field %q: head %s isn't scored", largest(p.absent), task.Heads[h].Name))
			continue
		}
		for name, n := range p.absent {
			records[name] = max(records[name], n)
		}
		for name, n := range p.alike {
			alike[name] = max(alike[name], n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(records)) {
		if task.Lenient {
			list = append(list, fmt.Sprintf("%d of %d records have no field %q: they count as records that %s", records[name], r.survey.objects, name, negative(task.Kind)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(alike)) {
		list = append(list, fmt.Sprintf("%d records have a field %s, which isn't read", alike[name], shownName(name)))
	}
	return list
}

// negative describes the value of a missing field.
func negative(kind tasks.Kind) string {
	if kind.Layout().PerToken {
		return "have no entity"
	}
	return "meet no criterion"
}

// any reports whether a usable record has labels of task t for which fit is true.
func (r *Records) any(t int, fit func(labels) bool) bool {
	return slices.ContainsFunc(r.labels, func(of []labels) bool { return of != nil && fit(of[t]) })
}

// Spans returns the number of spans in a token task's records, and how many of them
// begin or end inside a word. Other tasks have none.
func (r Records) Spans(t int) (all, cut int) {
	if r.survey.tasks == nil {
		return 0, 0
	}
	s := r.survey.tasks[t].spans
	return s.spans, s.cut
}

// NotApplicable returns how many values of head h of task t mean "not applicable", such
// as "No hold was required". They count as no.
func (r Records) NotApplicable(t, h int) int {
	if r.survey.tasks == nil {
		return 0
	}
	return r.survey.tasks[t].flags[h].notApplicable
}
