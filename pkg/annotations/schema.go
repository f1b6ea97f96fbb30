package annotations

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/nearest"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// head is a class, or a group of yes/no labels, that a task describes.
type head struct {
	name   string // as documents have it
	flags  bool
	labels []string // nil if any
}

// schema is what is known about labels: the heads of all tasks, and the task that is
// converted to or from, if one of the two files is Trident's.
type schema struct {
	heads []head
	tasks []tasks.Task
	task  *tasks.Task
	torn  bool // the last review isn't finished
	Options
}

// builtIn are Trident's three tasks.
func builtIn() []tasks.Task {
	return []tasks.Task{tasks.NER(tasks.NERLabels()), tasks.CLS(tasks.CaseLabels{}), tasks.QA()}
}

func newSchema(o Options, task *tasks.Task) *schema {
	s := &schema{Options: o, task: task}
	if task != nil {
		s.tasks = append(s.tasks, *task)
	}
	s.tasks = append(append(s.tasks, builtIn()...), o.Tasks...)
	for _, t := range s.tasks {
		for _, h := range headsOf(t) {
			if _, known := s.head(h.name); !known {
				s.heads = append(s.heads, h)
			}
		}
	}
	return s
}

// headsOf lists a task's heads as documents name them: classes by their field, groups of
// yes/no labels by their name. Heads that share a field, such as main and sub-category,
// are one.
func headsOf(t tasks.Task) []head {
	var list []head
	for _, h := range t.Heads {
		switch {
		case t.Kind == tasks.MultiLabel:
			list = append(list, head{h.Name, true, h.Labels})
		case t.Kind == tasks.MultiClass && !slices.ContainsFunc(list, func(other head) bool { return other.name == h.Source }):
			labels := h.Labels
			if h.Via != "" { // the field holds sub-categories
				labels = nil
			}
			list = append(list, head{h.Source, false, labels})
		}
	}
	return list
}

func (s *schema) head(name string) (head, bool) {
	for _, h := range s.heads {
		if h.name == name {
			return h, true
		}
	}
	return head{}, false
}

// checkHead requires the head of labels that don't name theirs to be one of a task.
func (s *schema) checkHead() error {
	if _, known := s.head(s.Head); known || s.Head == "" {
		return nil
	}
	var names []string
	for _, h := range s.heads {
		names = append(names, h.name)
	}
	hint := ""
	if other := nearest.Of(s.Head, names); other != "" {
		hint = fmt.Sprintf("; did you mean %s?", other)
	}
	return badOptions("no head %q%s; there are %s; those of own tasks need --config", s.Head, hint, strings.Join(names, ", "))
}

// show returns a head for messages; the name of an unknown one may be text.
func (s *schema) show(name string) string {
	if _, known := s.head(name); known {
		return name
	}
	return datasets.ShowLabel(name)
}

// choose sets the labels that a person chose for a head. One label of an unknown head is
// a class; several are yes/no labels.
func (s *schema) choose(d *draft, name string, chosen []string) error {
	h, known := s.head(name)
	switch {
	case known && h.flags || !known && len(chosen) > 1:
		for _, label := range chosen {
			d.setFlag(name, label, true)
		}
	case len(chosen) > 1:
		return bad(datasets.KindType, "%d labels of %s, which has one", len(chosen), s.show(name))
	case len(chosen) == 1:
		if old, twice := d.Classes[name]; twice && old != chosen[0] {
			return bad(datasets.KindType, "two labels of %s, which has one", s.show(name))
		}
		d.setClass(name, chosen[0])
	}
	return nil
}

// unnamed sets labels of a file that doesn't name their heads: HEAD=LABEL, or a label of
// the option Head, or of the task's only or only required head.
func (s *schema) unnamed(d *draft, labels []string) error {
	byHead := map[string][]string{}
	var order []string
	for _, label := range labels {
		name, rest, found := strings.Cut(label, "=")
		if _, known := s.head(name); !found || !known {
			var err error
			if name, err = s.onlyHead(); err != nil {
				return err
			}
			rest = label
		}
		if byHead[name] == nil {
			order = append(order, name)
		}
		byHead[name] = append(byHead[name], rest)
	}
	for _, name := range order {
		if err := s.choose(d, name, byHead[name]); err != nil {
			return err
		}
	}
	return nil
}

// onlyHead is the head of labels that don't name theirs.
func (s *schema) onlyHead() (string, error) {
	if s.Head != "" {
		return s.Head, nil
	}
	if s.task != nil && !s.task.PerToken() {
		list := headsOf(*s.task)
		if len(list) == 1 {
			return list[0].name, nil
		}
		for _, h := range s.task.Heads {
			if h.Required && s.task.Kind == tasks.MultiClass {
				return h.Source, nil
			}
		}
	}
	return "", bad(datasets.KindLabel, "its labels don't say which head they belong to; give it with --head, such as --head category")
}

// named returns a label with its head, for files that don't name heads.
func (s *schema) named(head, label string) string {
	if head == s.Head {
		return label
	}
	return head + "=" + label
}

// canName reports whether a head's labels can be written to files that don't name heads:
// whoever reads HEAD=LABEL must know the head.
func (s *schema) canName(head string) bool {
	_, known := s.head(head)
	return known || head == s.Head
}

// losesUnknown lists the heads whose labels can't be written to such files.
func (s *schema) losesUnknown(d Document) (lost []string) {
	heads := slices.AppendSeq(slices.Collect(maps.Keys(d.Classes)), maps.Keys(d.Flags))
	for _, head := range heads {
		if !s.canName(head) {
			lost = append(lost, "labels of "+datasets.ShowLabel(head)+", a head that no task has (--config)")
		}
	}
	return lost
}

// chosen lists a document's chosen labels for files that don't name heads, in order.
func (s *schema) chosen(d Document) []string {
	var list []string
	for head, label := range d.Classes {
		if s.canName(head) {
			list = append(list, s.named(head, label))
		}
	}
	for head, flags := range d.Flags {
		if !s.canName(head) {
			continue
		}
		for name, yes := range flags {
			if yes {
				list = append(list, s.named(head, name))
			}
		}
	}
	slices.Sort(list)
	return list
}

// notJudged is the field in which files of tools, that only record chosen labels, keep
// which labels weren't judged.
const notJudged = "not_judged"

// finish completes a labelled document of a tool in which only chosen labels are
// recorded. Of heads with a chosen label, and of those of the task, what nobody chose is
// no, unless the record says that it wasn't judged. No entity is none.
func (s *schema) finish(d *draft) {
	if d.State != Labelled {
		return
	}
	for _, h := range s.heads {
		if h.flags && d.Flags[h.name] != nil {
			d.fillNo(h)
		}
	}
	if s.task == nil {
		return
	}
	if s.task.PerToken() && d.Spans == nil {
		d.Spans = []Span{}
	}
	if s.task.Kind != tasks.MultiLabel {
		return
	}
	for _, h := range headsOf(*s.task) {
		d.judge(h.name)
		d.fillNo(h)
	}
	d.unjudge()
}

// fillNo sets a head's labels that aren't chosen to no.
func (d *draft) fillNo(h head) {
	for _, label := range h.labels {
		if !d.Flags[h.name][label] {
			d.setFlag(h.name, label, false)
		}
	}
}

// unjudge removes the labels that weren't judged, and the field that says so.
func (d *draft) unjudge() {
	var list map[string][]string
	if raw, found := d.Meta[notJudged]; !found || json.Unmarshal(raw, &list) != nil {
		return
	}
	delete(d.Meta, notJudged)
	if len(d.Meta) == 0 {
		d.Meta = nil
	}
	for name, labels := range list {
		for _, label := range labels {
			if !d.Flags[name][label] {
				delete(d.Flags[name], label)
			}
		}
		if len(d.Flags[name]) == 0 && len(labels) > 0 {
			delete(d.Flags, name)
		}
	}
	if len(d.Flags) == 0 {
		d.Flags, d.State = nil, Unlabelled
	}
}

// withNotJudged adds to a record's fields which labels weren't judged: of heads with
// judged labels, and of those of the task.
func (s *schema) withNotJudged(o object, d Document) {
	if d.State != Labelled || d.Flags == nil {
		return
	}
	list := map[string][]string{}
	for _, h := range s.heads {
		ofTask := s.task != nil && slices.ContainsFunc(headsOf(*s.task), hasName(h.name))
		if !h.flags || d.Flags[h.name] == nil && !ofTask {
			continue
		}
		for _, label := range h.labels {
			if _, judged := d.Flags[h.name][label]; !judged {
				list[h.name] = append(list[h.name], label)
			}
		}
	}
	if len(list) > 0 {
		o[notJudged] = encode(list)
	}
}

// labelledFor reports whether a document has labels of a task.
func labelledFor(t tasks.Task, d Document) bool {
	if d.State != Labelled {
		return false
	}
	switch t.Kind {
	case tasks.Token:
		return d.Spans != nil
	case tasks.MultiLabel:
		return slices.ContainsFunc(t.Heads, func(h tasks.Head) bool { return d.Flags[h.Name] != nil })
	}
	some := false
	for _, h := range t.Heads {
		if d.Classes[h.Source] == "" && h.Required {
			return false
		}
		some = some || d.Classes[h.Source] != ""
	}
	return some
}

// checkLabels requires the labels of a document to be those of a task.
func checkLabels(t tasks.Task, d Document) error {
	if t.PerToken() {
		kinds := t.Heads[0].Kinds()
		for i, e := range d.Spans {
			if len(t.Heads[0].Labels) > 0 && !slices.Contains(kinds, e.Label) {
				return bad(datasets.KindLabel, "entity %d: task %s has no label %s; want one of %v, or rename it with --map", i+1, t.Name, datasets.ShowLabel(e.Label), kinds)
			}
		}
		return nil
	}
	for _, h := range headsOf(t) {
		if len(h.labels) == 0 {
			continue
		}
		if label := d.Classes[h.name]; label != "" && !h.flags && !slices.Contains(h.labels, label) {
			return bad(datasets.KindLabel, "%s has no label %s; want one of %q, or rename it with --map", h.name, datasets.ShowLabel(label), h.labels)
		}
		for label := range d.Flags[h.name] {
			if h.flags && !slices.Contains(h.labels, label) {
				return bad(datasets.KindLabel, "%s has no label %s; want one of %q, or rename it with --map", h.name, datasets.ShowLabel(label), h.labels)
			}
		}
	}
	return nil
}
