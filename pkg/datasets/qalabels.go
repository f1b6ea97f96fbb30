package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseQALabels reads a QA record's labels: an object of lists, or a JSON
// string that holds one. Values are numbers, or what Python's float() takes
// for one; anything else, such as "No hold was required", counts as 0. A value
// in place of a list is a list of none. Numbers are cut to 0…1.
func ParseQALabels(raw json.RawMessage) (map[string][]float32, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(raw, &lists); err != nil || lists == nil {
		return nil, errors.New("labels: want a JSON object, or a string that holds one")
	}
	labels := make(map[string][]float32, len(lists))
	for head, list := range lists {
		var values []json.RawMessage
		if bytes.HasPrefix(bytes.TrimSpace(list), []byte("[")) {
			if err := json.Unmarshal(list, &values); err != nil {
				return nil, fmt.Errorf("labels: head %q: %w", head, err)
			}
		}
		flags := make([]float32, len(values))
		for i, v := range values {
			flags[i] = flagOf(v)
		}
		labels[head] = flags
	}
	return labels, nil
}

func flagOf(raw json.RawMessage) float32 {
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = strings.TrimSpace(quoted)
	}
	if text == "true" {
		return 1
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) {
		return 0
	}
	return float32(min(max(v, 0), 1))
}

// fitFlags cuts a list that is too long and pads a short one with 0.
func fitFlags(flags []float32, width int) []float32 {
	fitted := make([]float32, width)
	copy(fitted, flags)
	return fitted
}
