package datasets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// fields are a JSON object's fields, by name. Objects in it, and texts that
// hold an object, are read when they are asked for, and kept.
type fields struct {
	values map[string]json.RawMessage
	inner  map[string]*fields
}

func parseFields(raw json.RawMessage) (*fields, error) {
	f := &fields{}
	if err := unmarshal(standardJSON(raw), &f.values); err != nil {
		return nil, err
	}
	if f.values == nil {
		return nil, bad(KindType, "found null, want an object")
	}
	return f, nil
}

// find returns the value at a path such as "labels.opening", nil where there
// is none or null.
func (f *fields) find(path string) (json.RawMessage, error) {
	name, rest, deeper := strings.Cut(path, ".")
	raw, found := f.values[name]
	if !found || string(raw) == "null" {
		return nil, nil
	}
	if !deeper {
		if string(raw) == notFinite {
			return nil, errNotFinite(name)
		}
		return raw, nil
	}
	object, known := f.inner[name]
	if !known {
		var err error
		if object, err = parseObject(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if f.inner == nil {
			f.inner = map[string]*fields{}
		}
		f.inner[name] = object
	}
	value, err := object.find(rest)
	if err != nil {
		return nil, fmt.Errorf("%s.%w", name, err)
	}
	return value, nil
}

// parseObject reads an object, or a text that holds one.
func parseObject(raw json.RawMessage) (*fields, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = standardJSON([]byte(text))
	}
	object := &fields{}
	if err := json.Unmarshal(raw, &object.values); err != nil || object.values == nil {
		return nil, bad(KindType, "want a JSON object, or a string that holds one")
	}
	if HalfSurrogate(raw) {
		return nil, errSurrogate
	}
	return object, nil
}

// text returns the text at path; it must be there.
func (f *fields) text(path string) (Transcript, error) {
	raw, err := f.find(path)
	if err != nil {
		return "", err
	}
	var text Transcript
	if raw != nil {
		if err := unmarshal(raw, &text); err != nil {
			return "", inField(path, err)
		}
	}
	if strings.TrimSpace(string(text)) == "" {
		return "", bad(KindEmpty, "%s is empty", path)
	}
	return text, nil
}

// label returns the class at path: a text, or a number or truth value as JSON
// writes it; "" where there is none.
func (f *fields) label(path string) (string, error) {
	raw, err := f.find(path)
	if err != nil || raw == nil {
		return "", err
	}
	switch raw[0] {
	case '{', '[':
		return "", bad(KindType, "field %q holds a JSON %s, want a string", path, typeOf(raw))
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil || strings.TrimSpace(text) == "" {
			return "", err
		}
		return text, nil
	}
	if !bytes.ContainsAny(raw, ".eE") { // a whole number, which may have more digits than a float64
		return string(raw), nil
	}
	if n, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return strconv.FormatFloat(n, 'f', -1, 64), nil
	}
	return string(raw), nil
}

// inField names the field that an error of [unmarshal] is about.
func inField(path string, err error) error {
	text := err.Error()
	if rest, ok := strings.CutPrefix(text, `field "`); ok {
		return bad(kindOf(err), `field "%s.%s`, path, rest)
	}
	if rest, ok := strings.CutPrefix(text, "found "); ok {
		return bad(kindOf(err), "field %q holds %s", path, rest)
	}
	return fmt.Errorf("field %q: %w", path, err)
}

// typeOf names the type of a JSON value.
func typeOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	}
	return "number"
}
