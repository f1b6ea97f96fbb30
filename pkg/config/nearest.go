package config

import (
	"reflect"
	"slices"
	"strings"
)

// didYouMean is a hint at the key that was meant by an unknown one, in parentheses;
// "" if none is like it. keys are those of its section at path.
func didYouMean(unknown, path string, keys []string) string {
	if key := nearest(unknown, keys); key != "" {
		return " (did you mean " + strings.TrimPrefix(path+"."+key, ".") + "?)"
	}
	all := dotted(reflect.TypeFor[Config](), "")
	var elsewhere, names []string
	for _, key := range all {
		name := key[strings.LastIndexByte(key, '.')+1:]
		if spelling(name) == spelling(unknown) {
			elsewhere = append(elsewhere, key)
		}
		names = append(names, name)
	}
	if len(elsewhere) == 0 {
		if name := nearest(unknown, names); name != "" {
			elsewhere = slices.DeleteFunc(all, func(key string) bool { return key != name && !strings.HasSuffix(key, "."+name) })
		}
	}
	if len(elsewhere) == 0 || len(elsewhere) > 3 {
		return ""
	}
	return " (did you mean " + strings.Join(elsewhere, " or ") + "?)"
}

// dotted lists the keys of a section and of those in it, as --set takes them.
func dotted(section reflect.Type, path string) []string {
	var keys []string
	for _, field := range reflect.VisibleFields(section) {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		key := strings.TrimPrefix(path+"."+name, ".")
		keys = append(keys, key)
		if field.Type.Kind() == reflect.Struct {
			keys = append(keys, dotted(field.Type, key)...)
		}
	}
	return keys
}

// spelling is a name without what is easily written in another way.
func spelling(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
}

// nearest is the key that needs the fewest changes to become the name; "" if that
// would take more than a third of it, or if several would do.
func nearest(name string, keys []string) string {
	found, least, twice := "", len(name), false
	for _, key := range keys {
		distance := edits(spelling(name), spelling(key))
		if len(name) > 3 && strings.HasPrefix(key, name+"_") {
			distance = min(distance, 1)
		}
		if distance < least {
			found, least, twice = key, distance, false
		} else if distance == least && key != found {
			twice = true
		}
	}
	if twice || 3*least > len(name) {
		return ""
	}
	return found
}

// edits counts the letters to be put in, left out, replaced or exchanged with the next
// one to make b of a (optimal string alignment).
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next := make([]int, len(y)+1)
		next[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}
