package label

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/trident-nlp/trident/internal/pyjson"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// readJSONL reads one JSON object per line. Blank lines are skipped, unless unreadable
// calls are marked.
func readJSONL(in *input) records {
	return func(yield func(record, error) bool) {
		for l := range in.lines() {
			blank := l.err == nil && strings.TrimSpace(l.text) == ""
			if blank && !in.marks {
				continue
			}
			var r record
			err := l.err
			switch {
			case blank:
				err = errBlankLine
			case err == nil:
				r, err = parseObject(pyjson.StandIns([]byte(l.text)), in.language)
			}
			r.start = l.start
			if err != nil {
				err = in.at(l, err)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// readJSON reads an array of objects, or objects one after the other, with only one
// in memory.
func readJSON(in *input) records {
	return func(yield func(record, error) bool) {
		values := jsonValues{decoder: json.NewDecoder(pyjson.NewReader(in.Reader))}
		err := values.start(in.Reader)
		for number := 1; ; number++ {
			start := values.decoder.InputOffset()
			var raw json.RawMessage
			if err == nil {
				raw, err = values.next()
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(record{start: start}, fmt.Errorf("record %d: %w", number, jsonProblem(err)))
				return
			}
			r, problem := parseObject(raw, in.language)
			r.start = start
			if problem != nil {
				problem = badRecord{fmt.Errorf("record %d: %w", number, problem)}
			}
			if !yield(r, problem) {
				return
			}
		}
	}
}

// jsonValues are the elements of an array, or values one after the other.
type jsonValues struct {
	decoder *json.Decoder
	array   bool
}

// start skips the beginning of the array, if there is one.
func (v *jsonValues) start(in *bufio.Reader) error {
	for {
		switch b, err := in.ReadByte(); {
		case err != nil:
			return err
		case b == ' ', b == '\t', b == '\r', b == '\n':
			continue
		case b != '[' && b != '{':
			return errors.New("this is no JSON; want an array of objects, or objects")
		default:
			v.array = b == '['
			if err := in.UnreadByte(); err != nil || !v.array {
				return err
			}
			_, err := v.decoder.Token()
			return err
		}
	}
}

// next returns the next value, or io.EOF.
func (v *jsonValues) next() (raw json.RawMessage, err error) {
	if !v.array || v.decoder.More() {
		err = v.decoder.Decode(&raw)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			err = errors.New("broken JSON") // a Decoder's offset is unreliable here
		}
		return raw, err
	}
	if _, err := v.decoder.Token(); errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	if _, err := v.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the array's end")
	}
	return nil, io.EOF
}

// parseObject returns the call, id and language of a JSON object; language is the field of
// that. With an error it still returns the id, if that can be read.
func parseObject(data []byte, language string) (record, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return record{}, jsonProblem(err)
	}
	id, err := parseID(first(fields, idFields))
	if err != nil {
		return record{}, err
	}
	raw, text, err := textOf(fields)
	if err != nil {
		return record{id: id}, err
	}
	r, err := newRecord(text, id)
	if _, value := first(fields, []string{language}); value != nil && json.Unmarshal(value, &r.language) != nil {
		r.language = string(value) // a number
	}
	r.repaired = r.repaired || !utf8.Valid(raw) || datasets.HalfSurrogate(raw)
	return r, err
}

// textOf returns the first non-blank text, or else a blank one.
func textOf(fields map[string]json.RawMessage) (raw json.RawMessage, text string, err error) {
	for i := range textFields {
		name, value := first(fields, textFields[i:i+1])
		if value == nil {
			continue
		}
		if err := json.Unmarshal(value, &text); err != nil {
			return nil, "", fmt.Errorf("%s is not a string", name)
		}
		if raw = value; strings.TrimSpace(text) != "" {
			return raw, text, nil
		}
	}
	if raw == nil {
		return nil, "", errors.New("there is no field text or narrative")
	}
	return raw, text, nil
}

// parseID returns a string, a json.Number or nil.
func parseID(name string, raw json.RawMessage) (any, error) {
	if raw == nil {
		return nil, nil
	}
	var id any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&id); err != nil {
		return nil, jsonProblem(err)
	}
	switch id.(type) {
	case string, json.Number:
		return id, nil
	}
	return nil, fmt.Errorf("%s is neither a string nor a number", name)
}

// first returns the first of names in fields that isn't null or NaN, which is pandas's
// null.
func first(fields map[string]json.RawMessage, names []string) (string, json.RawMessage) {
	for _, name := range names {
		if raw, found := fields[name]; found && string(raw) != "null" && !pyjson.IsStandIn(string(raw)) {
			return name, raw
		}
	}
	return "", nil
}

// jsonProblem describes an error without the value, which may be transcript.
func jsonProblem(err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("broken JSON at byte %d", syntax.Offset)
	case errors.As(err, &wrongType):
		return errors.New("want an object with a field text or narrative")
	}
	return err
}
