package datasets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// survey collects what only shows over a whole file: fields that no record has, values
// without meaning, spans that don't match words.
type survey struct {
	objects int // records that are JSON objects
	names   fieldNames
	text    presence
	tasks   []taskSurvey
}

// taskSurvey is the survey of one task.
type taskSurvey struct {
	heads []presence
	flags []flagSurvey // multilabel
	spans placement    // token task
	plain int          // spans with the label for no entity
}

// presence counts the records with a field.
type presence struct {
	found  int
	absent map[string]int // records by the first missing part of the path
	alike  map[string]int // of these records, those by a field with a similar name
}

// note records which of the tasks' fields a record has.
func (s *survey) note(record *fields, list []tasks.Task) {
	if s.objects == 0 {
		s.tasks = make([]taskSurvey, len(list))
		for t, task := range list {
			s.tasks[t].heads = make([]presence, len(task.Heads))
			s.tasks[t].flags = make([]flagSurvey, len(task.Heads))
		}
	}
	s.objects++
	s.text.note(record, list[0].Text)
	for t, task := range list {
		for h, head := range task.Heads {
			s.tasks[t].heads[h].note(record, head.Source)
		}
	}
	s.names.note(record)
}

func (p *presence) note(record *fields, path string) {
	absent, alike := record.absent(path)
	if absent == "" {
		p.found++
		return
	}
	if p.absent == nil {
		p.absent, p.alike = map[string]int{}, map[string]int{}
	}
	p.absent[absent]++
	if alike != "" {
		p.alike[alike]++
	}
}

// absent returns the first part of a path without a value, or "" if the path has one,
// and a field beside it with a similar name.
func (f *fields) absent(path string) (absent, alike string) {
	name, rest, deeper := strings.Cut(path, ".")
	raw, found := f.values[name]
	if !found || string(raw) == "null" {
		for other := range f.values {
			if other != name && nearly(other) == nearly(name) && (alike == "" || other < alike) {
				alike = other
			}
		}
		return name, alike
	}
	if !deeper {
		return "", ""
	}
	if _, err := f.find(path); err != nil || f.inner[name] == nil {
		return "", "" // the value is invalid, which is reported elsewhere
	}
	if absent, alike = f.inner[name].absent(rest); absent != "" {
		absent = name + "." + absent
	}
	if alike != "" {
		alike = name + "." + alike
	}
	return absent, alike
}

// nearly normalises a field's name for comparison with similar names.
func nearly(name string) string {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
	return strings.TrimSuffix(letters, "s")
}

// missing returns the error that no record has a required field: it would count as
// negative everywhere, or the head would have no labels. It is nil if there is no such
// field.
func (r *Records) missing() *missingFields {
	s := &r.survey
	if s.objects == 0 {
		return nil
	}
	if s.text.found == 0 {
		return &missingFields{error: s.none([]presence{s.text}, fmt.Sprintf("the text that task %s reads", r.Tasks[0].Name)), required: true}
	}
	for t, task := range r.Tasks {
		var none []presence
		needed, required := !r.KeepUnknown || task.Lenient, false
		for h, head := range task.Heads {
			if p := s.tasks[t].heads[h]; p.found == 0 {
				none = append(none, p)
				required = required || head.Required
			}
		}
		if len(none) > 0 && (needed || required || len(none) == len(task.Heads)) {
			return &missingFields{error: s.none(none, fmt.Sprintf("which task %s needs", task.Name)), required: required}
		}
	}
	return nil
}

// missingFields is the error about fields that no record has.
type missingFields struct {
	error
	required bool // without them each record is a problem
}

// none returns the error about fields that no record has.
func (s *survey) none(list []presence, purpose string) error {
	var absent, alike []string
	for _, p := range list {
		absent = append(absent, largest(p.absent))
		if name := largest(p.alike); name != "" {
			alike = append(alike, shownName(name))
		}
	}
	slices.Sort(absent)
	absent = slices.Compact(absent)
	within := "" // the object with the relevant fields
	if dot := strings.LastIndex(absent[0], "."); dot > 0 {
		within = absent[0][:dot+1]
	}
	slices.Sort(alike)
	text := fmt.Sprintf("no record has a value in the %s %s, %s; %s", plural(len(absent), "field"), quoted(absent), purpose, s.names.list(within))
	if alike = slices.Compact(alike); len(alike) > 0 {
		text += fmt.Sprintf("; is %s meant?", strings.Join(alike, ", "))
	}
	return fmt.Errorf("%s (docs/data.md says what the built-in tasks read, docs/tasks.md how to name other fields)", text)
}

// largest returns the name with the highest count, the shortest of a tie.
func largest(counts map[string]int) (name string) {
	for other, n := range counts {
		if most := counts[name]; n > most || n == most && (len(other) < len(name) || len(other) == len(name) && other < name) {
			name = other
		}
	}
	return name
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(list, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
