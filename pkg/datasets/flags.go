package datasets

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// flagsRead counts how the values in lists of yes/no labels were interpreted.
type flagsRead struct {
	values        int
	notApplicable int // "not applicable"
	odd           int // neither yes nor no
	outside       int // numbers below 0 or above 1
}

// lenientFlags reads a list of yes/no labels as the Python prototype does, and also
// words for true and false. Values are numbers, true and false, or strings with a
// decimal number or such a word; anything else, such as "No hold was required", counts
// as 0, as does NaN. Numbers are clipped to 0…1. Instead of a list, a value that means
// yes or no is a list of one, a string may contain the list, and anything else is an
// empty list.
func lenientFlags(raw json.RawMessage, width int) ([]float32, flagsRead) {
	var read flagsRead
	if raw == nil {
		return nil, read
	}
	values, isList := listIn(raw)
	if !isList && width > 1 {
		values, isList = dividedIn(raw)
	}
	if !isList {
		values = []json.RawMessage{raw}
	}
	flags := make([]float32, len(values))
	for i, v := range values {
		flags[i] = read.flag(v)
	}
	if !isList && read.odd+read.notApplicable > 0 {
		return nil, read
	}
	return flags, read
}

// listIn returns the list that raw is, or that it contains as a string.
func listIn(raw json.RawMessage) (values []json.RawMessage, ok bool) {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil && strings.HasPrefix(strings.TrimSpace(text), "[") {
		raw = json.RawMessage(text)
	}
	return values, json.Unmarshal(raw, &values) == nil && values != nil
}

// dividedIn returns the values of a string that is a list in a spreadsheet, such as
// "1,0,1" or "yes; no". All values must mean yes or no.
func dividedIn(raw json.RawMessage) (values []json.RawMessage, ok bool) {
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;|/ \t\n", r) })
	if len(parts) < 2 {
		return nil, false
	}
	for _, part := range parts {
		if _, isFlag := strictFlag(part); !isFlag {
			return nil, false
		}
		value, err := json.Marshal(part)
		if err != nil {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// flag returns Python's float() of a JSON value, or the meaning of its word, or else 0,
// clipped to 0…1. It counts how the value was interpreted.
func (r *flagsRead) flag(raw json.RawMessage) float32 {
	r.values++
	switch text := string(raw); raw[0] {
	case 't':
		return 1
	case 'f':
		return 0
	case 'n':
		r.notApplicable++
		return 0
	case '"':
		var quoted string
		_ = json.Unmarshal(raw, &quoted) // it is part of parsed JSON
		return r.text(quoted)
	case '{', '[':
		r.odd++
		return 0
	default:
		v, _ := number(text)
		return r.cut(v)
	}
}

// text returns the flag for a string.
func (r *flagsRead) text(text string) float32 {
	yes, isWord := yesOrNo(text)
	v, isNumber := number(text)
	switch {
	case yes:
		return 1
	case isWord:
		return 0
	case isNumber:
		return r.cut(v)
	case saysNotApplicable(text):
		r.notApplicable++
	default:
		r.odd++
	}
	return 0
}

// cut clips a number to 0…1.
func (r *flagsRead) cut(v float64) float32 {
	if v < 0 || v > 1 {
		r.outside++
	}
	return float32(min(max(v, 0), 1))
}

// decimalComma matches decimal numbers with a comma, as in the spreadsheets of many
// countries.
var decimalComma = regexp.MustCompile(`^[0-9]+,[0-9]+$`)

// number parses a decimal number; NaN isn't one.
func number(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "xX_") { // hexadecimal, only in Go
		return 0, false
	}
	if decimalComma.MatchString(text) {
		text = strings.Replace(text, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, (err == nil || errors.Is(err, strconv.ErrRange)) && !math.IsNaN(v)
}

// fitFlags truncates a list that is too long and pads a short one with 0.
func fitFlags(flags []float32, width int) []float32 {
	fitted := make([]float32, width)
	copy(fitted, flags)
	return fitted
}

// errFlags describes the valid values of a multilabel field.
var errFlags = bad(KindType, "want a list of 0 and 1, a list of the labels that apply, or an object of labels with 0 or 1")

// strictFlags reads yes/no labels by position, [0, 1, 1] or ["no", "yes", "yes"], or by
// name, ["a", "b"] or {"a": 1, "b": false}; a string may contain the list or object.
func strictFlags(raw json.RawMessage, head tasks.Head) ([]float32, flagsOf, error) {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = standardJSON([]byte(text))
	}
	var values map[string]any
	if json.Unmarshal(raw, &values) == nil && values != nil {
		named := flagsOf{}
		for label, value := range values {
			flag, ok := strictFlag(value)
			if !ok {
				return nil, nil, errFlags
			}
			named[label] = flag
		}
		return nil, named, nil
	}
	var list []any
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return nil, nil, errFlags
	}
	if areNames(list, head.Labels) {
		named := flagsOf{}
		for _, value := range list {
			label, ok := value.(string)
			if !ok {
				return nil, nil, errFlags
			}
			named[label] = 1
		}
		return nil, named, nil
	}
	flags := make([]float32, len(list))
	for i, value := range list {
		var ok bool
		if flags[i], ok = strictFlag(value); !ok {
			return nil, nil, errFlags
		}
	}
	if len(flags) != len(head.Labels) && len(flags) > 0 {
		return nil, nil, bad(KindType, "%d values for %d labels; give head %s its labels in the configuration", len(flags), len(head.Labels), head.Name)
	}
	return fitFlags(flags, len(head.Labels)), nil, nil
}

// areNames reports whether a list contains label names: it begins with a string, and not
// all of its values mean yes or no. A string that equals a label is a name.
func areNames(list []any, labels []string) bool {
	if len(list) == 0 {
		return len(labels) == 0
	}
	if _, isText := list[0].(string); !isText {
		return false
	}
	for _, value := range list {
		text, isText := value.(string)
		_, isFlag := strictFlag(value)
		if !isFlag || isText && slices.Contains(labels, text) {
			return true
		}
	}
	return false
}

// strictFlag reads a value that is exactly yes or no.
func strictFlag(value any) (float32, bool) {
	switch v := value.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		return float32(v), v == 0 || v == 1
	case string:
		if yes, ok := yesOrNo(v); ok {
			return strictFlag(yes)
		}
		if n, ok := number(v); ok {
			return strictFlag(n)
		}
	}
	return 0, false
}
