// Package pyjson reads JSON that Python's json module writes, and reads as that does:
// NaN, Infinity and -Infinity, which JSON doesn't have, do no harm where they aren't used.
package pyjson

import (
	"encoding/json"
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
