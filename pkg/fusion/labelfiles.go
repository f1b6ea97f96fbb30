package fusion

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// In this file labels are maps from ids, as strings, to labels.

// idToLabel reads {"0": LABEL, …}. Labels that are strings, numbers, true or false are
// used as they are written. Keys are numbers in the syntax of Python's int.
func idToLabel(raw json.RawMessage) (map[string]string, error) {
	values, err := objectOf(raw)
	if err != nil {
		return nil, err
	}
	labelOf := map[string]string{}
	for key, value := range values {
		label, ok := plainText(value)
		if !ok {
			return nil, fmt.Errorf("label %s is neither a text nor a number", key)
		}
		if err := add(labelOf, key, label); err != nil {
			return nil, err
		}
	}
	return labelOf, nil
}

// labelToID reads {LABEL: 0, …}, with ids that may be strings, and inverts it.
func labelToID(raw json.RawMessage) (map[string]string, error) {
	values, err := objectOf(raw)
	if err != nil {
		return nil, err
	}
	labelOf := map[string]string{}
	for label, value := range values {
		key, ok := plainText(value)
		if !ok {
			return nil, fmt.Errorf("id of %q is no number", label)
		}
		if err := add(labelOf, key, label); err != nil {
			return nil, err
		}
	}
	return labelOf, nil
}

func add(labelOf map[string]string, key, label string) error {
	id, err := strconv.Atoi(strings.TrimSpace(key))
	if err != nil || id < 0 {
		return fmt.Errorf("id %q is no number from 0", key)
	}
	key = strconv.Itoa(id)
	if other, taken := labelOf[key]; taken {
		return fmt.Errorf("id %s is both %q and %q", key, min(other, label), max(other, label))
	}
	labelOf[key] = label
	return nil
}

// objectOf reads a JSON object, null, or nothing.
func objectOf(raw json.RawMessage) (values map[string]any, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&values)
	return values, err
}

func plainText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}

// labelIDs returns the maps from ids to labels and from labels to ids.
func labelIDs(labels []string) (labelOf map[string]string, idOf map[string]int) {
	labelOf, idOf = map[string]string{}, map[string]int{}
	for id, label := range labels {
		labelOf[strconv.Itoa(id)], idOf[label] = label, id
	}
	return labelOf, idOf
}

// unnamed reports whether labels are transformers' placeholders: LABEL_0, LABEL_1, …
func unnamed(labelOf map[string]string) bool {
	for id, label := range labelOf {
		if label != "LABEL_"+id {
			return false
		}
	}
	return len(labelOf) > 0
}

// differs returns the first id, in numeric order, with different labels in two
// descriptions.
func differs(a, b map[string]string) (id string, found bool) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	shorter := func(x, y string) int { return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)) }
	for _, id := range slices.SortedFunc(maps.Keys(all), shorter) {
		if a[id] != b[id] {
			return id, true
		}
	}
	return "", false
}

// readLabelMappings reads labelMappingsFile. Its error is fs.ErrNotExist if there is no
// file.
func readLabelMappings(dir string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, labelMappingsFile))
	if err != nil {
		return nil, err
	}
	var file struct {
		IDToLabel json.RawMessage `json:"id_to_label"`
		LabelToID json.RawMessage `json:"label_to_id"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w; %s", labelMappingsFile, err, copyFile)
	}
	labelOf, err := idToLabel(file.IDToLabel)
	if err != nil {
		return nil, fmt.Errorf("%s: id_to_label: %w", labelMappingsFile, err)
	}
	other, err := labelToID(file.LabelToID)
	if err != nil {
		return nil, fmt.Errorf("%s: label_to_id: %w", labelMappingsFile, err)
	}
	id, differ := differs(labelOf, other)
	switch {
	case len(labelOf) == 0 && len(other) == 0:
		return nil, fmt.Errorf(`%s names no labels; want {"id_to_label": {"0": "O", …}}`, labelMappingsFile)
	case len(labelOf) == 0:
		return other, nil
	case differ && len(other) > 0:
		return nil, fmt.Errorf("%s: label %s is %q in id_to_label, but %q in label_to_id; %s", labelMappingsFile, id, labelOf[id], other[id], copyFile)
	}
	return labelOf, nil
}

// parseLabels reads a list of labels in the order of their ids, {LABEL: ID, …}, or
// {"ID": LABEL, …}. Labels may be numbers: if all are, an object is of the latter form
// if its keys are 0, 1, … and its values aren't.
func parseLabels(data []byte) ([]string, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var values []any
		if err := d.Decode(&values); err != nil {
			return nil, fmt.Errorf("%w; %s", err, copyFile)
		}
		labelOf := map[string]string{}
		for i, value := range values {
			label, ok := plainText(value)
			if !ok {
				return nil, fmt.Errorf("label %d is neither a text nor a number", i)
			}
			labelOf[fmt.Sprint(i)] = label
		}
		return inOrder(labelOf)
	}
	values, err := objectOf(data)
	if err != nil {
		return nil, fmt.Errorf("%w; want a list of labels", err)
	}
	read := labelToID
	keysAreIDs, valuesAreIDs := true, true
	for key, value := range values {
		if _, isText := value.(string); isText {
			read = idToLabel
		}
		text, _ := plainText(value)
		keysAreIDs = keysAreIDs && isBelow(key, len(values))
		valuesAreIDs = valuesAreIDs && isBelow(text, len(values))
	}
	if keysAreIDs && !valuesAreIDs {
		read = idToLabel
	}
	labelOf, err := read(data)
	if err != nil {
		return nil, err
	}
	return inOrder(labelOf)
}

// isBelow reports whether text is one of the ids 0 to n-1.
func isBelow(text string, n int) bool {
	id, err := strconv.Atoi(text)
	return err == nil && id >= 0 && id < n
}

// inOrder returns the labels in the order of their ids, which must be 0, 1, …
func inOrder(labelOf map[string]string) ([]string, error) {
	labels := make([]string, len(labelOf))
	for i := range labels {
		label, found := labelOf[fmt.Sprint(i)]
		if !found {
			return nil, fmt.Errorf("ids must be 0 to %d, each once", len(labelOf)-1)
		}
		labels[i] = label
	}
	distinct := slices.Compact(slices.Sorted(maps.Values(labelOf)))
	switch {
	case len(labels) == 0:
		return nil, errors.New("no labels")
	case len(distinct) != len(labels):
		return nil, errors.New("two ids share a label")
	}
	return labels, nil
}
