// Package hfjson reads the JSON files of Hugging Face's folders, which Python
// writes and reads.
package hfjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Unmarshal reads an object into the struct that v points to, as Python would: names
// of members count with their case, of members with the same name the last counts, and
// NaN, Infinity and -Infinity, which Python writes, do no harm in members that v hasn't.
// In those that it has they are texts.
func Unmarshal(data []byte, v any) error {
	members, err := Object(data)
	if err != nil {
		return err
	}
	known := map[string]json.RawMessage{}
	for _, name := range names(reflect.TypeOf(v).Elem()) {
		if value, found := members[name]; found {
			known[name] = value
		}
	}
	if data, err = json.Marshal(known); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// Object reads an object's members as they stand; null has none.
func Object(data []byte) (members map[string]json.RawMessage, err error) {
	err = json.Unmarshal(Finite(data), &members)
	return members, err
}

// names are those of a struct's members in JSON. All fields have tags, or are structs
// that are embedded.
func names(of reflect.Type) []string {
	var list []string
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name != "":
			list = append(list, name)
		case field.Anonymous:
			list = append(list, names(field.Type)...)
		}
	}
	return list
}

// Finite is JSON with NaN, Infinity and -Infinity in quotation marks. What else is wrong
// stays as it is.
func Finite(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	var out bytes.Buffer
	for len(data) > 0 {
		n := 1
		if data[0] == '"' {
			n = endOfString(data)
		} else if word := notFinite(data); word != "" {
			fmt.Fprintf(&out, "%q", word)
			data = data[len(word):]
			continue
		}
		out.Write(data[:n])
		data = data[n:]
	}
	return out.Bytes()
}

// notFinite is the number without digits that data begins with, if any.
func notFinite(data []byte) string {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(data, []byte(word)) {
			return word
		}
	}
	return ""
}

// endOfString is the length of the string that data begins with.
func endOfString(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}
