// Package pyjson reads JSON as Python's json module writes and reads it: NaN, Infinity and
// -Infinity, which JSON lacks, are accepted where they aren't used.
package pyjson

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Unmarshal reads an object into the struct that v points to, as Python would: names are
// case-sensitive, the last of duplicate members is used, and NaN, Infinity and -Infinity
// are ignored in members that v lacks. In those that it has they are strings.
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

// Object returns an object's members undecoded; null has none.
func Object(data []byte) (members map[string]json.RawMessage, err error) {
	err = json.Unmarshal(Finite(data), &members)
	return members, err
}

// names returns the JSON names of a struct's members. All fields have tags, or are
// embedded structs.
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
