// Package pyjson reads JSON as Python's json module writes and reads it: NaN, Infinity and
// -Infinity, which JSON lacks, are accepted where they aren't used.
package pyjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Unmarshal reads an object into the struct that v points to, as Python would: names are
// case-sensitive, the last of duplicate members is used, and NaN, Infinity and -Infinity
// are ignored in members that v lacks. In those that it has they are strings. An error
// about a value's type is that of [Explained].
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
	err = json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	name := wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:] // without embedded structs
	return Explained(name, known[name], err)
}

// Explained says of a value of a wrong type what it is and what it must be: "dim is a
// string; want a whole number". name and value are the member's. Other errors stay.
func Explained(name string, value json.RawMessage, err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	is := described(wrong.Value)
	if word := strings.Trim(string(value), `"`); slices.Contains(words, word) { // quoted by Finite
		is = word
	}
	return fmt.Errorf("%s is %s; want %s", name, is, wanted(wrong.Type))
}

// described is what encoding/json says of a value, with an article, or a number itself.
func described(value string) string {
	number, isNumber := strings.CutPrefix(value, "number ")
	switch {
	case isNumber:
		return number
	case value == "bool":
		return "true or false"
	case value == "array" || value == "object":
		return "an " + value
	}
	return "a " + value
}

// wanted is what a type's values are called in JSON.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number"
}

// Object returns an object's members undecoded; null has none.
func Object(data []byte) (members map[string]json.RawMessage, err error) {
	err = json.Unmarshal(Finite(data), &members)
	return members, Explained("the file", nil, err)
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
