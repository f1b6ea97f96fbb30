package datasets

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

// ParseQALabels reads a QA record's labels: an object of lists, or a JSON
// string that holds one. Values are numbers, true and false, or strings of a
// decimal number; anything else, such as "No hold was required", counts as 0,
// as does NaN. Numbers are cut to 0…1. In place of a list, a number is a list
// of one, and anything else a list of none.
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
		if json.Unmarshal(list, &values) != nil && list[0] != '"' && list[0] != '{' {
			values = []json.RawMessage{list}
		}
		flags := make([]float32, len(values))
		for i, v := range values {
			flags[i] = flagOf(v)
		}
		labels[head] = flags
	}
	return labels, nil
}

// flagOf is Python's float() of a JSON value, or else 0, cut to 0…1.
func flagOf(raw json.RawMessage) float32 {
	text := string(raw)
	switch text[0] {
	case 't':
		return 1
	case '"':
		var quoted string
		if json.Unmarshal(raw, &quoted) != nil {
			return 0
		}
		text = strings.TrimSpace(quoted)
	}
	if strings.ContainsAny(text, "xX") { // hexadecimal, to Go alone
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(v) {
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
