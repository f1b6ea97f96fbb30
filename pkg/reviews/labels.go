package reviews

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Span is a labelled part of a text, [Start, End) in code points.
type Span struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Label string `json:"label"`
}

// errSpan is what is wrong with an entity. It quotes nothing.
var errSpan = errors.New("an entity lacks its start, end or label")

// UnmarshalJSON requires all three fields: encoding/json takes what is missing or null for 0.
func (s *Span) UnmarshalJSON(data []byte) error {
	var in struct {
		Start *int    `json:"start"`
		End   *int    `json:"end"`
		Label *string `json:"label"`
	}
	if err := strictly(data, &in); err != nil {
		return err
	}
	if in.Start == nil || in.End == nil || in.Label == nil {
		return errSpan
	}
	*s = Span{*in.Start, *in.End, *in.Label}
	return nil
}

// strictly decodes JSON into a struct whose fields are all that are known.
func strictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Labels are what a model or a person says of a call, in the shape of the service's
// answers. What is missing nobody has said.
type Labels struct {
	Entities       []Span            `json:"entities,omitzero" doc:"Of the task ner; an empty list says that there are none."`
	Classification map[string]string `json:"classification,omitzero" doc:"Of the task cls, by field: main_category, …"`
	QA             map[string][]int  `json:"qa,omitzero" doc:"Of the task qa, by group: 1 for each criterion that is met, 0 if it isn't, -1 if nobody has judged it."`
	Tasks          map[string]Own    `json:"tasks,omitzero" doc:"The model's other tasks, by name."`
}

// errCriterion is what is wrong with a criterion. It quotes nothing.
var errCriterion = errors.New("a criterion is null; want 0, 1 or -1")

// UnmarshalJSON refuses null in the place of a criterion: encoding/json takes it for 0.
func (l *Labels) UnmarshalJSON(data []byte) error {
	var in struct {
		Entities       []Span            `json:"entities"`
		Classification map[string]string `json:"classification"`
		QA             map[string][]*int `json:"qa"`
		Tasks          map[string]Own    `json:"tasks"`
	}
	if err := strictly(data, &in); err != nil {
		return err
	}
	*l = Labels{Entities: in.Entities, Classification: in.Classification, Tasks: in.Tasks}
	for head, list := range in.QA {
		values := make([]int, len(list))
		for i, value := range list {
			if value == nil {
				return errCriterion
			}
			values[i] = *value
		}
		set(&l.QA, head, values)
	}
	return nil
}

// Own are the labels of an own task; those of its kind are set. In JSON they are
// {"entities": […]}, or an object of heads.
type Own struct {
	Entities []Span
	Classes  map[string]string         // by head
	Flags    map[string]map[string]int // by head and name: 1 or 0
}

// MarshalJSON writes the labels of the task's kind.
func (o Own) MarshalJSON() ([]byte, error) {
	switch {
	case o.Classes != nil:
		return json.Marshal(o.Classes)
	case o.Flags != nil:
		return json.Marshal(o.Flags)
	}
	return json.Marshal(struct {
		Entities []Span `json:"entities,omitzero"`
	}{o.Entities})
}

// errOwn is what is wrong with labels of an own task. It quotes nothing.
var errOwn = errors.New("labels of an own task have none of their shapes: entities, a label for each head, or 0 and 1 for each name of a head")

// UnmarshalJSON reads what MarshalJSON writes.
func (o *Own) UnmarshalJSON(data []byte) error {
	*o = Own{}
	var heads map[string]json.RawMessage
	if json.Unmarshal(data, &heads) != nil || heads == nil {
		return errOwn
	}
	for name, raw := range heads {
		switch {
		case raw[0] == '[' && name == "entities" && len(heads) == 1:
			if json.Unmarshal(raw, &o.Entities) != nil {
				return errOwn
			}
		case raw[0] == '"':
			if o.Classes == nil {
				o.Classes = map[string]string{}
			}
			var label string
			if json.Unmarshal(raw, &label) != nil {
				return errOwn
			}
			o.Classes[name] = label
		case raw[0] == '{':
			if o.Flags == nil {
				o.Flags = map[string]map[string]int{}
			}
			var flags map[string]*int
			if json.Unmarshal(raw, &flags) != nil {
				return errOwn
			}
			values := make(map[string]int, len(flags))
			for flag, value := range flags {
				if value == nil {
					return errOwn
				}
				values[flag] = *value
			}
			o.Flags[name] = values
		default:
			return errOwn
		}
	}
	if o.Classes != nil && o.Flags != nil {
		return errOwn
	}
	return nil
}

// Item names something that is right or wrong as a whole: a call's entities, the label of
// a head, or a yes/no label.
type Item struct {
	Task string
	Head string // "" for entities
	Name string // of a yes/no label: its name, or for qa its number from 0; "" for others
}

// String returns a form such as "ner", "cls/priority" or "qa/opening/0".
func (i Item) String() string {
	switch {
	case i.Head == "":
		return i.Task
	case i.Name == "":
		return i.Task + "/" + i.Head
	}
	return i.Task + "/" + i.Head + "/" + i.Name
}

// values are a call's labels by item: spans are those of entity tasks, the others have a
// label, or 0 and 1.
type values struct {
	spans map[Item][]Span
	plain map[Item]string
}

// values returns the labels by item, without what nobody has judged.
func (l Labels) values() values {
	v := values{map[Item][]Span{}, map[Item]string{}}
	if l.Entities != nil {
		v.spans[Item{Task: tasks.NERName}] = l.Entities
	}
	for head, label := range l.Classification {
		v.plain[Item{tasks.CLSName, head, ""}] = label
	}
	for head, list := range l.QA {
		for i, value := range list {
			if value >= 0 {
				v.plain[Item{tasks.QAName, head, strconv.Itoa(i)}] = strconv.Itoa(value)
			}
		}
	}
	for task, own := range l.Tasks {
		if own.Entities != nil {
			v.spans[Item{Task: task}] = own.Entities
		}
		for head, label := range own.Classes {
			v.plain[Item{task, head, ""}] = label
		}
		for head, flags := range own.Flags {
			for name, value := range flags {
				v.plain[Item{task, head, name}] = strconv.Itoa(value)
			}
		}
	}
	return v
}

// remove removes items by their names.
func (v values) remove(drop func(item string) bool) {
	maps.DeleteFunc(v.spans, func(item Item, _ []Span) bool { return drop(item.String()) })
	maps.DeleteFunc(v.plain, func(item Item, _ string) bool { return drop(item.String()) })
}

// labels is the inverse of [Labels.values].
func (v values) labels() Labels {
	var l Labels
	own := func(task string, change func(o *Own)) {
		if l.Tasks == nil {
			l.Tasks = map[string]Own{}
		}
		o := l.Tasks[task]
		change(&o)
		l.Tasks[task] = o
	}
	for item, spans := range v.spans {
		if item.Task == tasks.NERName {
			l.Entities = spans
			continue
		}
		own(item.Task, func(o *Own) { o.Entities = spans })
	}
	for _, item := range slices.SortedFunc(maps.Keys(v.plain), compareItems) {
		value := v.plain[item]
		switch {
		case item.Task == tasks.CLSName:
			set(&l.Classification, item.Head, value)
		case item.Task == tasks.QAName:
			l.setCriterion(item, value)
		case item.Name == "":
			own(item.Task, func(o *Own) { set(&o.Classes, item.Head, value) })
		default:
			own(item.Task, func(o *Own) {
				flags := o.Flags[item.Head]
				set(&flags, item.Name, int(value[0]-'0'))
				set(&o.Flags, item.Head, flags)
			})
		}
	}
	return l
}

func set[V any](m *map[string]V, name string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = value
}

// setCriterion sets a criterion of qa; those before it that nobody judged are -1.
func (l *Labels) setCriterion(item Item, value string) {
	n, err := strconv.Atoi(item.Name)
	if err != nil || n < 0 || n > maxNames {
		return
	}
	list := l.QA[item.Head]
	for len(list) <= n {
		list = append(list, -1)
	}
	list[n] = int(value[0] - '0')
	set(&l.QA, item.Head, list)
}

// compareItems orders items by task, head and name; numbers by their size.
func compareItems(a, b Item) int {
	if c := strings.Compare(a.Task, b.Task); c != 0 {
		return c
	}
	if c := strings.Compare(a.Head, b.Head); c != 0 {
		return c
	}
	i, err1 := strconv.Atoi(a.Name)
	j, err2 := strconv.Atoi(b.Name)
	if err1 == nil && err2 == nil && i != j {
		return i - j
	}
	return strings.Compare(a.Name, b.Name)
}
