package tasks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// labelMaps is the layout of label_maps.json, the source's: ids are JSON
// numbers as values and strings as keys.
type labelMaps struct {
	NER *nerMaps `json:"ner,omitempty"`
	CLS *clsMaps `json:"cls,omitempty"`
	QA  *qaMaps  `json:"qa,omitempty"`
}

type nerMaps struct {
	LabelToID map[string]int    `json:"label_to_id"`
	IDToLabel map[string]string `json:"id_to_label"`
}

type clsMaps struct {
	MainCat2ID   map[string]int    `json:"main_cat2id"`
	IDToMainCat  map[string]string `json:"id_to_main_cat"`
	SubCat2ID    map[string]int    `json:"sub_cat2id"`
	IDToSubCat   map[string]string `json:"id_to_sub_cat"`
	Interv2ID    map[string]int    `json:"interv2id"`
	IDToInterv   map[string]string `json:"id_to_interv"`
	Priority2ID  map[string]int    `json:"priority2id"`
	IDToPriority map[string]string `json:"id_to_priority"`
}

type qaMaps struct {
	HeadConfig map[string]int `json:"head_config"`
}

// MarshalLabelMaps writes the built-in tasks among list as label_maps.json.
func MarshalLabelMaps(list []Task) ([]byte, error) {
	var maps labelMaps
	for _, t := range list {
		switch t.Name {
		case NERName:
			maps.NER = &nerMaps{toID(t.Heads[0].Labels), fromID(t.Heads[0].Labels)}
		case CLSName:
			h := t.Heads
			maps.CLS = &clsMaps{
				toID(h[0].Labels), fromID(h[0].Labels), toID(h[1].Labels), fromID(h[1].Labels),
				toID(h[2].Labels), fromID(h[2].Labels), toID(h[3].Labels), fromID(h[3].Labels),
			}
		case QAName:
			maps.QA = &qaMaps{map[string]int{}}
			for _, h := range t.Heads {
				maps.QA.HeadConfig[h.Name] = len(h.Labels)
			}
		default:
			return nil, fmt.Errorf("label maps: no layout for task %q", t.Name)
		}
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false) // labels have "&"
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(maps); err != nil {
		return nil, fmt.Errorf("label maps: %w", err)
	}
	return data.Bytes(), nil
}

// UnmarshalLabelMaps reads label_maps.json, ours or the Python prototype's,
// and returns the tasks that it holds labels for.
func UnmarshalLabelMaps(data []byte) ([]Task, error) {
	var maps labelMaps
	if err := json.Unmarshal(data, &maps); err != nil {
		return nil, fmt.Errorf("label maps: %w", err)
	}
	var list []Task
	if m := maps.NER; m != nil {
		labels, err := byID("ner", m.LabelToID, m.IDToLabel)
		if err != nil {
			return nil, err
		}
		list = append(list, NER(labels))
	}
	if m := maps.CLS; m != nil {
		var labels CaseLabels
		for _, head := range []struct {
			name   string
			dst    *[]string
			toID   map[string]int
			fromID map[string]string
		}{
			{"main_cat", &labels.Main, m.MainCat2ID, m.IDToMainCat},
			{"sub_cat", &labels.Sub, m.SubCat2ID, m.IDToSubCat},
			{"interv", &labels.Intervention, m.Interv2ID, m.IDToInterv},
			{"priority", &labels.Priority, m.Priority2ID, m.IDToPriority},
		} {
			var err error
			if *head.dst, err = byID("cls "+head.name, head.toID, head.fromID); err != nil {
				return nil, err
			}
		}
		list = append(list, CLS(labels))
	}
	if m := maps.QA; m != nil {
		task := QA()
		for _, h := range task.Heads {
			if n := m.HeadConfig[h.Name]; n != len(h.Labels) {
				return nil, fmt.Errorf("label maps: qa head %q has %d outputs, want %d", h.Name, n, len(h.Labels))
			}
		}
		if len(m.HeadConfig) != len(task.Heads) {
			return nil, fmt.Errorf("label maps: qa has %d heads, want %d", len(m.HeadConfig), len(task.Heads))
		}
		list = append(list, task)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("label maps: none of ner, cls and qa found")
	}
	return list, nil
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

// byID orders labels by id; the ids must be 0…n-1, each once. Either direction
// of the map will do; both must say the same.
func byID(what string, toID map[string]int, fromID map[string]string) ([]string, error) {
	size := len(toID)
	if size == 0 {
		size = len(fromID)
	}
	if size == 0 {
		return nil, fmt.Errorf("label maps: %s: no labels", what)
	}
	labels := make([]string, size)
	used := make([]bool, size)
	for label, id := range toID {
		if id < 0 || id >= size || used[id] {
			return nil, fmt.Errorf("label maps: %s: ids must be 0 to %d, each once", what, size-1)
		}
		labels[id], used[id] = label, true
	}
	for key, label := range fromID {
		id, err := strconv.Atoi(key)
		if err != nil || id < 0 || id >= size || strconv.Itoa(id) != key {
			return nil, fmt.Errorf("label maps: %s: id %q isn't one of 0 to %d", what, key, size-1)
		}
		if used[id] && labels[id] != label {
			return nil, fmt.Errorf("label maps: %s: id %d is both %q and %q", what, id, labels[id], label)
		}
		labels[id], used[id] = label, true
	}
	sorted := slices.Sorted(slices.Values(labels))
	if len(slices.Compact(sorted)) != size {
		return nil, fmt.Errorf("label maps: %s: two ids share a label", what)
	}
	return labels, nil
}
