package datasets

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

// lenientFlags reads a list of yes/no labels as the source does. Values are
// numbers, true and false, or strings of a decimal number; anything else, such
// as "No hold was required", counts as 0, as does NaN. Numbers are cut to 0…1.
// In place of a list, a number is a list of one, and anything else a list of
// none.
func lenientFlags(raw json.RawMessage) []float32 {
	if raw == nil {
		return nil
	}
	var values []json.RawMessage
	if json.Unmarshal(raw, &values) != nil && raw[0] != '"' && raw[0] != '{' {
		values = []json.RawMessage{raw}
	}
	flags := make([]float32, len(values))
	for i, v := range values {
		flags[i] = flagOf(v)
	}
	return flags
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
