package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// layout describes another program's configuration file and the conversion of its keys.
type layout struct {
	name  string // "the Python prototype's NER configuration"
	task  string
	marks []string        // keys that no other layout has; one of them identifies the layout
	keys  map[string]rule // by path, such as training.batch_size
	fixed []setting       // that program's fixed behaviour
}

// rule converts a key.
type rule func(t *translation, e entry)

// setting is a value implied by a layout.
type setting struct{ key, value, why string }

// entry is a key of a file and its value.
type entry struct {
	path  string
	key   *yaml.Node
	value *yaml.Node
}

// text returns the value of a scalar: as written, but truth values in any spelling
// (True, yes) as true or false. It is "" for anything else.
func (e entry) text() string {
	var truth bool
	switch {
	case e.value.Kind != yaml.ScalarNode:
		return ""
	case e.value.Style == 0 && e.value.Decode(&truth) == nil:
		return strconv.FormatBool(truth)
	}
	return e.value.Value
}

// is reports whether the value equals that number.
func (e entry) is(number float64) bool {
	var value float64
	return e.value.Decode(&value) == nil && value == number
}

// layoutOf determines which of the other layouts a file has: nil if none. Keys of two
// layouts are an error.
func layoutOf(node *yaml.Node) (*layout, error) {
	var found *layout
	var mark entry
	for _, l := range layouts {
		for _, path := range l.marks {
			e, there := find(node, path)
			switch {
			case !there:
				continue
			case found != nil && found != l:
				return nil, fmt.Errorf("line %d: %s is a key of %s, but %s in line %d one of %s; keep those of one",
					e.key.Line, path, l.name, mark.path, mark.key.Line, found.name)
			case found == nil:
				found, mark = l, e
			}
		}
	}
	return found, nil
}

// find returns the key at a path.
func find(node *yaml.Node, path string) (entry, bool) {
	e := entry{path: path, value: node}
	for name := range strings.SplitSeq(path, ".") {
		at := resolved(e.value)
		e.value = nil
		if at == nil || at.Kind != yaml.MappingNode {
			return entry{}, false
		}
		for i := 0; i+1 < len(at.Content); i += 2 {
			if at.Content[i].Value == name {
				e.key, e.value = at.Content[i], at.Content[i+1]
			}
		}
		if e.value == nil {
			return entry{}, false
		}
	}
	e.value = resolved(e.value)
	return e, true
}

func resolved(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// translation is the conversion of a file to Trident's layout.
type translation struct {
	layout   *layout
	file     *yaml.Node
	settings []set
	unused   []unused
	problems []string
	notes    []Note
}

// set is one of Trident's keys with the value from the file.
type set struct {
	key  string
	from entry
	was  string // the entry's value, if it is different
	why  string // the reason, if there is no entry
}

// unused are keys that have no effect, for one reason.
type unused struct {
	why  string
	keys []string
}

// translate returns the file in Trident's layout, and notes about the conversion. The
// nodes keep their lines.
func (l *layout) translate(file *yaml.Node) (*yaml.Node, []Note, error) {
	t := &translation{layout: l, file: file}
	t.walk(file, "")
	for _, s := range l.fixed {
		if !slices.ContainsFunc(t.settings, func(other set) bool { return other.key == s.key }) {
			t.settings = append(t.settings, set{key: s.key, from: entry{value: scalar(s.value)}, why: s.why})
		}
	}
	if len(t.problems) > 0 {
		return nil, nil, fmt.Errorf("read as %s: %s", l.name, strings.Join(t.problems, "; "))
	}
	var ours *yaml.Node
	for _, s := range t.settings {
		ours = merge(ours, nested(s.key, s.from))
	}
	return ours, t.report(), nil
}

// walk applies the rules to a section's keys, recursively. Keys that aren't in the
// layout may be Trident's.
func (t *translation) walk(section *yaml.Node, path string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(section.Content); i += 2 {
		e := entry{strings.TrimPrefix(path+"."+section.Content[i].Value, "."), section.Content[i], resolved(section.Content[i+1])}
		rule, known := t.layout.keys[e.path]
		ours, isOurs := typeAt(e.path)
		isSection := t.layout.hasSection(e.path) || isOurs && ours.Kind() == reflect.Struct
		null := e.value.Kind == yaml.ScalarNode && e.value.ShortTag() == "!!null"
		switch {
		case seen[e.path]:
			t.problem(e, "stands twice; keep one")
		case known:
			rule(t, e)
		case isSection && null:
		case isSection && e.value.Kind == yaml.MappingNode:
			t.walk(e.value, e.path)
		case isSection:
			t.problem(e, "want a section of keys, got "+valueOf(e.value))
		case isOurs:
			t.set(e, e.path)
		default:
			t.problem(e, "unknown key, neither one of that layout nor one of Trident's"+t.layout.didYouMean(e.path))
		}
		seen[e.path] = true
	}
}

// didYouMean suggests a key of the layout, or of Trident's, for an unknown one.
func (l *layout) didYouMean(unknown string) string {
	all := map[string]bool{}
	for _, key := range slices.Concat(slices.Collect(maps.Keys(l.keys)), dotted(reflect.TypeFor[Config](), "")) {
		for key != "" && !all[key] {
			all[key] = true
			key = key[:max(0, strings.LastIndexByte(key, '.'))]
		}
	}
	at := max(0, strings.LastIndexByte(unknown, '.'))
	section, name := unknown[:at], strings.TrimPrefix(unknown[at:], ".")
	var siblings []string
	for key := range all {
		rest, found := strings.CutPrefix(key, section)
		rest = strings.TrimPrefix(rest, ".")
		if found && rest != "" && !strings.Contains(rest, ".") && key == strings.TrimPrefix(section+"."+rest, ".") {
			siblings = append(siblings, rest)
		}
	}
	slices.Sort(siblings)
	return didYouMean(name, section, siblings, slices.Sorted(maps.Keys(all)))
}

func (l *layout) hasSection(path string) bool {
	for key := range l.keys {
		if strings.HasPrefix(key, path+".") {
			return true
		}
	}
	return false
}

// set sets Trident's keys to the entry's value.
func (t *translation) set(e entry, keys ...string) {
	for _, key := range keys {
		want, _ := typeAt(key)
		for _, text := range checkNode(e.value, want, e.path) {
			if !slices.Contains(t.problems, text) { // one key may set several
				t.problems = append(t.problems, text)
			}
		}
		i := slices.IndexFunc(t.settings, func(s set) bool { return s.key == key })
		if i >= 0 {
			other := t.settings[i].from
			t.problem(e, fmt.Sprintf("says the same as %s in line %d (here %s); keep one", other.path, other.key.Line, key))
			continue
		}
		t.settings = append(t.settings, set{key: key, from: e})
	}
}

// setTo is set with a value that differs from the entry's.
func (t *translation) setTo(e entry, key, value string) {
	was, before := written(e.value), len(t.settings)
	e.value = scalar(value)
	e.value.Line = e.key.Line
	t.set(e, key)
	if len(t.settings) > before && was != value {
		t.settings[before].was = " " + was
	}
}

// ignore records that a key has no effect.
func (t *translation) ignore(e entry, why string) {
	key := fmt.Sprintf("%s (line %d)", e.path, e.key.Line)
	i := slices.IndexFunc(t.unused, func(u unused) bool { return u.why == why })
	if i < 0 {
		t.unused = append(t.unused, unused{why: why})
		i = len(t.unused) - 1
	}
	t.unused[i].keys = append(t.unused[i].keys, key)
}

func (t *translation) warn(e entry, text string) {
	t.notes = append(t.notes, Note{Warning: true, Text: fmt.Sprintf("line %d: %s: %s", e.key.Line, e.path, text)})
}

func (t *translation) problem(e entry, text string) {
	t.problems = append(t.problems, problem(e.key, e.path, text))
}

// report returns notes about the conversion.
func (t *translation) report() []Note {
	text := fmt.Sprintf("laid out as %s; read as task: %s, with", t.layout.name, t.layout.task)
	for _, s := range t.settings {
		switch {
		case s.why != "":
			text += fmt.Sprintf("\n  %s: %s (%s)", s.key, s.from.value.Value, s.why)
		case (s.key != s.from.path || s.was != "") && s.from.value.Kind == yaml.ScalarNode:
			text += fmt.Sprintf("\n  %s: %s, from %s", s.key, s.from.value.Value, s.from.path+s.was)
		}
	}
	notes := append([]Note{{Text: text}}, t.notes...)
	for _, u := range t.unused {
		notes = append(notes, Note{Warning: true, Text: fmt.Sprintf("no effect here: %s: %s", strings.Join(u.keys, ", "), u.why)})
	}
	return notes
}

// written formats a value as in a file: a scalar, or a list of scalars.
func written(node *yaml.Node) string {
	if node.Kind != yaml.SequenceNode {
		return node.Value
	}
	var values []string
	for _, element := range node.Content {
		values = append(values, element.Value)
	}
	return "[" + strings.Join(values, ", ") + "]"
}

// nested converts "a.b" and an entry's value to the document {a: {b: value}}.
func nested(path string, e entry) *yaml.Node {
	line := 0
	if e.key != nil {
		line = e.key.Line
	}
	node := e.value
	for _, name := range slices.Backward(strings.Split(path, ".")) {
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: line}
		node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{key, node}, Line: line}
	}
	return node
}

// scalar returns a node for a value as written in a file.
func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// typeAt returns the type of one of Trident's keys or sections.
func typeAt(path string) (reflect.Type, bool) {
	at := reflect.TypeFor[Config]()
	for name := range strings.SplitSeq(path, ".") {
		if at.Kind() != reflect.Struct {
			return nil, false
		}
		found := false
		for i := range at.NumField() {
			field := at.Field(i)
			if tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); tag == name {
				at, found = field.Type, true
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	return at, true
}
