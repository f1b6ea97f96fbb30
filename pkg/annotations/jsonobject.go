package annotations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/pyjson"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// object is a JSON object's fields.
type object map[string]json.RawMessage

// parseObject reads a record. Its text must be usable: not only valid JSON, but without
// half characters, which would shift offsets.
func parseObject(raw []byte) (object, error) {
	if err := datasets.CheckJSON(raw); err != nil {
		return nil, err
	}
	fields, err := pyjson.Object(raw)
	if err != nil || fields == nil {
		return nil, bad(datasets.KindType, "it isn't a JSON object")
	}
	return fields, nil
}

// has reports whether a field is there and not null.
func (o object) has(name string) bool {
	raw, found := o[name]
	return found && string(raw) != "null"
}

// take reads a field into v, removes it, and reports whether it was there. want says what
// it must be.
func (o object) take(name string, v any, want string) (bool, error) {
	raw, found := o[name]
	if !found || string(raw) == "null" {
		delete(o, name)
		return false, nil
	}
	if json.Unmarshal(raw, v) != nil {
		return false, bad(datasets.KindType, "field %q isn't %s", name, want)
	}
	delete(o, name)
	return true, nil
}

// textFields are the fields in which tools and Trident's records have the text.
var textFields = []string{"text", "narrative", "data"}

// takeText takes the text from the given field, or from the first usual one.
func (o object) takeText(field string) (datasets.Transcript, error) {
	if field == "" {
		field = textFields[0]
		for _, name := range textFields {
			if raw := o[name]; len(raw) > 0 && raw[0] == '"' {
				field = name
				break
			}
		}
	}
	var text string
	there, err := o.take(field, &text, "a string")
	if err == nil && !there {
		err = bad(datasets.KindEmpty, "no field %q with the text; name it with --text-field", field)
	}
	return datasets.Transcript(text), err
}

// idFields are the fields of a call's id, in the order in which they count.
var idFields = []string{"id", "uniqueid", "sample_id"}

// takeID takes the id from field. If that is missing, the id is another usual field,
// which stays.
func (o object) takeID(field string) string {
	if id, ok := scalar(o[field]); ok {
		delete(o, field)
		return id
	}
	return o.usualID()
}

// usualID returns the id in one of the usual fields, which stay.
func (o object) usualID() string {
	for _, name := range idFields {
		if id, ok := scalar(o[name]); ok {
			return id
		}
	}
	return ""
}

// fieldsOf returns a document's other fields, with its id in the field idField, unless
// another usual field has it.
func fieldsOf(d Document, idField string) object {
	o := object{}
	maps.Copy(o, d.Meta)
	if d.ID != "" && d.ID != o.usualID() {
		o[idField] = encode(d.ID)
	}
	return o
}

// scalar returns a string, or a number as it is written.
func scalar(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] == '"' {
		var text string
		return text, json.Unmarshal(raw, &text) == nil && text != ""
	}
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
		return string(raw), true
	}
	return "", false
}

// rest keeps the remaining fields.
func (o object) rest(d *draft) {
	for name, value := range o {
		d.setMeta(name, value)
	}
}

// at returns the value at a path with dots; objects in it may be strings that hold one.
func (o object) at(path string) json.RawMessage {
	name, rest, deeper := strings.Cut(path, ".")
	raw := o[name]
	if !deeper || len(raw) == 0 {
		return raw
	}
	return inner(raw).at(rest)
}

// remove removes the value at a path, and objects that are empty then.
func (o object) remove(path string) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		delete(o, name)
		return
	}
	fields := inner(o[name])
	if fields == nil {
		return
	}
	fields.remove(rest)
	if len(fields) == 0 {
		delete(o, name)
		return
	}
	o[name] = encode(map[string]json.RawMessage(fields))
}

// set sets the value at a path.
func (o object) set(path string, value json.RawMessage) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		o[name] = value
		return
	}
	fields := inner(o[name])
	if fields == nil {
		fields = object{}
	}
	fields.set(rest, value)
	o[name] = encode(map[string]json.RawMessage(fields))
}

// inner returns the object that a value is, or that it holds as a string; or nil.
func inner(raw json.RawMessage) object {
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	fields, err := pyjson.Object(raw)
	if err != nil {
		return nil
	}
	return fields
}

// encode returns v as JSON, with characters as they are. v is made of maps, slices,
// strings, numbers and JSON, which can be encoded.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// encodeFields returns an object with the named fields first, then the others by name.
func encodeFields(o object, first ...string) []byte {
	var b bytes.Buffer
	add := func(name string) {
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", encode(name), o[name])
	}
	for _, name := range first {
		if _, found := o[name]; found {
			add(name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(first, name) {
			add(name)
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

// jsonWriter writes records as lines or as an array.
type jsonWriter struct {
	w      io.Writer
	array  bool
	n      int
	encode func(d Document) ([]byte, error)
}

func (j *jsonWriter) write(d Document) error {
	record, err := j.encode(d)
	if err != nil {
		return err
	}
	before, after := "", "\n"
	if j.array {
		before, after = ",\n", ""
		if j.n == 0 {
			before = "[\n"
		}
	}
	j.n++
	_, err = fmt.Fprintf(j.w, "%s%s%s", before, record, after)
	return err
}

func (j *jsonWriter) close() error {
	if !j.array {
		return nil
	}
	end := "\n]\n"
	if j.n == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}
