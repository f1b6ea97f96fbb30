package tasks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// label_maps.json has a section per task. Those of the Python prototype's tasks have its
// layout; ids are JSON numbers as values and strings as keys:
//
//	"ner": {"label_to_id": …, "id_to_label": …}
//	"cls": {"main_cat2id": …, "id_to_main_cat": …, "sub_cat2id": …, …}
//	"qa":  {"head_config": {"opening": 1, …}}
//
// A custom task has a map per head:
//
//	"mood": {"heads": {"caller": {"label_to_id": …, "id_to_label": …}}}
type (
	labelMap struct {
		LabelToID map[string]int    `json:"label_to_id"`
		IDToLabel map[string]string `json:"id_to_label"`
	}
	clsMaps struct {
		MainCat2ID   map[string]int    `json:"main_cat2id"`
		IDToMainCat  map[string]string `json:"id_to_main_cat"`
		SubCat2ID    map[string]int    `json:"sub_cat2id"`
		IDToSubCat   map[string]string `json:"id_to_sub_cat"`
		Interv2ID    map[string]int    `json:"interv2id"`
		IDToInterv   map[string]string `json:"id_to_interv"`
		Priority2ID  map[string]int    `json:"priority2id"`
		IDToPriority map[string]string `json:"id_to_priority"`
	}
	qaMaps struct {
		HeadConfig map[string]int `json:"head_config"`
	}
	ownMaps struct {
		Heads map[string]labelMap `json:"heads"`
	}
)

// BuiltIn reports whether a task is one of the prototype's, with the same name, kind and
// heads. Its label maps and predictions have the prototype's layout.
func BuiltIn(t Task) bool {
	for _, source := range []Task{NER(nil), CLS(CaseLabels{}), QA()} {
		if t.Name == source.Name && t.Kind == source.Kind {
			return slices.EqualFunc(t.Heads, source.Heads, func(a, b Head) bool { return a.Name == b.Name })
		}
	}
	return false
}

// MarshalLabelMaps writes the tasks' labels as label_maps.json.
func MarshalLabelMaps(list []Task) ([]byte, error) {
	sections := map[string]any{}
	for _, t := range list {
		sections[t.Name] = section(t)
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false) // labels contain "&"
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(sections); err != nil {
		return nil, fmt.Errorf("label maps: %w", err)
	}
	return data.Bytes(), nil
}

func section(t Task) any {
	h := t.Heads
	switch {
	case !BuiltIn(t):
		own := ownMaps{map[string]labelMap{}}
		for _, head := range h {
			own.Heads[head.Name] = labelMap{toID(head.Labels), fromID(head.Labels)}
		}
		return own
	case t.Kind == Token:
		return labelMap{toID(h[0].Labels), fromID(h[0].Labels)}
	case t.Kind == MultiClass:
		return clsMaps{
			toID(h[0].Labels), fromID(h[0].Labels), toID(h[1].Labels), fromID(h[1].Labels),
			toID(h[2].Labels), fromID(h[2].Labels), toID(h[3].Labels), fromID(h[3].Labels),
		}
	}
	sizes := qaMaps{map[string]int{}}
	for _, head := range h {
		sizes.HeadConfig[head.Name] = len(head.Labels)
	}
	return sizes
}

// UnmarshalLabelMaps reads label_maps.json, Trident's or the Python prototype's, and
// sets the labels of the described tasks. Without a description the tasks are those of
// the prototype that have a section in the file.
func UnmarshalLabelMaps(data []byte, described []Task) ([]Task, error) {
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(data, &sections); err != nil {
		return nil, fmt.Errorf("label maps: %w", err)
	}
	list := described
	if described == nil {
		for _, t := range []Task{NER(nil), CLS(CaseLabels{}), QA()} {
			if _, found := sections[t.Name]; found {
				list = append(list, t)
			}
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("label maps: none of ner, cls and qa found; there is %v", slices.Sorted(maps.Keys(sections)))
		}
	}
	list = slices.Clone(list)
	for i := range list {
		t := &list[i]
		t.Heads = slices.Clone(t.Heads)
		raw, found := sections[t.Name]
		if !found {
			return nil, fmt.Errorf("label maps: nothing about task %s", t.Name)
		}
		if err := t.readLabels(raw); err != nil {
			return nil, fmt.Errorf("label maps: %s: %w", t.Name, err)
		}
	}
	return list, nil
}

// readLabels sets the labels of a task's heads from its section.
func (t *Task) readLabels(raw json.RawMessage) error {
	switch {
	case !BuiltIn(*t):
		return t.readCustom(raw)
	case t.Kind == Token:
		var m labelMap
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		return t.Heads[0].setLabels("", m)
	case t.Kind == MultiClass:
		return t.readCLS(raw)
	}
	return t.readQA(raw)
}

func (t *Task) readCustom(raw json.RawMessage) error {
	var m ownMaps
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	for h := range t.Heads {
		if err := t.Heads[h].setLabels(t.Heads[h].Name+": ", m.Heads[t.Heads[h].Name]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Task) readCLS(raw json.RawMessage) error {
	var m clsMaps
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	for h, head := range []struct {
		name string
		labelMap
	}{
		{"main_cat", labelMap{m.MainCat2ID, m.IDToMainCat}},
		{"sub_cat", labelMap{m.SubCat2ID, m.IDToSubCat}},
		{"interv", labelMap{m.Interv2ID, m.IDToInterv}},
		{"priority", labelMap{m.Priority2ID, m.IDToPriority}},
	} {
		if err := t.Heads[h].setLabels(head.name+": ", head.labelMap); err != nil {
			return err
		}
	}
	return nil
}

// readQA sets the names of the criteria; the section only has their number.
func (t *Task) readQA(raw json.RawMessage) error {
	var m qaMaps
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	for h, head := range qaHeads() {
		if n := m.HeadConfig[head.Name]; n != len(head.Labels) {
			return fmt.Errorf("head %q has %d outputs, want %d", head.Name, n, len(head.Labels))
		}
		t.Heads[h].Labels = head.Labels
	}
	if len(m.HeadConfig) != len(t.Heads) {
		return fmt.Errorf("there are %d heads, want %d", len(m.HeadConfig), len(t.Heads))
	}
	return nil
}

func (h *Head) setLabels(prefix string, m labelMap) (err error) {
	if h.Labels, err = byID(m.LabelToID, m.IDToLabel); err != nil {
		return fmt.Errorf("%s%w", prefix, err)
	}
	return nil
}

func toID(labels []string) map[string]int {
	m := make(map[string]int, len(labels))
	for id, label := range labels {
		m[label] = id
	}
	return m
}

func fromID(labels []string) map[string]string {
	m := make(map[string]string, len(labels))
	for id, label := range labels {
		m[strconv.Itoa(id)] = label
	}
	return m
}

// byID sorts labels by id; the ids must be 0…n-1, without gaps. One direction of the map
// is enough; if both exist, they must agree.
func byID(toID map[string]int, fromID map[string]string) ([]string, error) {
	size := len(toID)
	if size == 0 {
		size = len(fromID)
	}
	if size == 0 {
		return nil, errors.New("no labels")
	}
	labels := make([]string, size)
	used := make([]bool, size)
	for label, id := range toID {
		if id < 0 || id >= size || used[id] {
			return nil, fmt.Errorf("ids must be 0 to %d, each once", size-1)
		}
		labels[id], used[id] = label, true
	}
	for key, label := range fromID {
		id, err := strconv.Atoi(key)
		if err != nil || id < 0 || id >= size || strconv.Itoa(id) != key {
			return nil, fmt.Errorf("id %q isn't one of 0 to %d", key, size-1)
		}
		if used[id] && labels[id] != label {
			return nil, fmt.Errorf("id %d is both %q and %q", id, labels[id], label)
		}
		labels[id], used[id] = label, true
	}
	sorted := slices.Sorted(slices.Values(labels))
	if len(slices.Compact(sorted)) != size {
		return nil, errors.New("two ids share a label")
	}
	return labels, nil
}
