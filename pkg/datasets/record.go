package datasets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// fields are a JSON object's fields, by name. Objects in it, and strings that contain an
// object, are parsed on demand and cached.
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

// find returns the value at a path such as "labels.opening", nil if it is missing or
// null.
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

// parseObject parses an object, or a string that contains one.
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

// text returns the text at path, which is required.
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

// label returns the class at path: a string, or a number or truth value as written in
// JSON; "" if it is missing.
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
	if !bytes.ContainsAny(raw, ".eE") { // an integer, which may have more digits than a float64
		return string(raw), nil
	}
	if n, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return strconv.FormatFloat(n, 'f', -1, 64), nil
	}
	return string(raw), nil
}

// inField adds the field's name to an error of [unmarshal].
func inField(path string, err error) error {
	text := err.Error()
	if rest, ok := strings.CutPrefix(text, `field "`); ok {
		return bad(KindOf(err), `field "%s.%s`, path, rest)
	}
	if rest, ok := strings.CutPrefix(text, "found "); ok {
		return bad(KindOf(err), "field %q holds %s", path, rest)
	}
	return fmt.Errorf("field %q: %w", path, err)
}

// typeOf returns the type of a JSON value.
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
