package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/nearest"
)

// didYouMean returns a suggestion for an unknown key, in parentheses; "" if no key is
// similar. keys are those of its section at path, all those of every section, in the
// form for --set.
func didYouMean(unknown, path string, keys, all []string) string {
	within := func(keys []string) []string {
		var list []string
		for _, key := range keys {
			list = append(list, strings.TrimPrefix(path+"."+key, "."))
		}
		return list
	}
	// named returns the keys of all sections whose names fit.
	named := func(fits func(name string) bool) []string {
		var list []string
		for _, key := range all {
			if fits(key[strings.LastIndexByte(key, '.')+1:]) {
				list = append(list, key)
			}
		}
		return list
	}
	var names []string
	for _, key := range all {
		names = append(names, key[strings.LastIndexByte(key, '.')+1:])
	}
	for _, find := range []func() []string{
		func() []string {
			if key := nearest.Of(unknown, keys); key != "" {
				return within([]string{key})
			}
			return nil
		},
		func() []string {
			return named(func(name string) bool { return nearest.Spelling(name) == nearest.Spelling(unknown) })
		},
		func() []string { return within(nearest.Sharing(unknown, keys)) },
		func() []string {
			near := nearest.Of(unknown, names)
			return named(func(name string) bool { return near != "" && name == near })
		},
		func() []string {
			alike := nearest.Sharing(unknown, names)
			return named(func(name string) bool { return slices.Contains(alike, name) })
		},
	} {
		if found := find(); len(found) > 0 && len(found) <= 3 {
			return " (did you mean " + strings.Join(found, " or ") + "?)"
		}
	}
	return ""
}

// dotted lists the keys of a section and its subsections, in the form for --set.
func dotted(section reflect.Type, path string) []string {
	var keys []string
	for _, field := range reflect.VisibleFields(section) {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		key := strings.TrimPrefix(path+"."+name, ".")
		keys = append(keys, key)
		of := field.Type
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() == reflect.Struct && of != reflect.TypeFor[LossWeights]() {
			keys = append(keys, dotted(of, key)...)
		}
	}
	return keys
}
