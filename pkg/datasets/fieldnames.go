package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Names are taken from so many records, and so many are listed.
const (
	namesFrom   = 100
	namesListed = 20
)

// fieldNames are the names of the fields that have values in records, those in objects
// with dots.
type fieldNames struct {
	records int
	counts  map[string]int
}

// note adds a record's names; after some records there is nothing new.
func (n *fieldNames) note(record *fields) {
	if n.records == namesFrom {
		return
	}
	n.records++
	if n.counts == nil {
		n.counts = map[string]int{}
	}
	for name, raw := range record.values {
		if string(raw) == "null" {
			continue
		}
		n.counts[name]++
		inner := record.inner[name] // what a text holds is read if a task asks for it
		if inner == nil && raw[0] == '{' {
			inner, _ = parseObject(raw)
		}
		if inner == nil {
			continue
		}
		for deeper, raw := range inner.values {
			if string(raw) != "null" {
				n.counts[name+"."+deeper]++
			}
		}
	}
}

// list names the fields, or those in an object whose name and dot are given,
// the most frequent first.
func (n *fieldNames) list(within string) string {
	names := slices.SortedFunc(maps.Keys(n.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(n.counts[b], n.counts[a]), cmp.Compare(a, b))
	})
	names = slices.DeleteFunc(names, func(name string) bool {
		// A name that few records have may be somebody's words.
		return !strings.HasPrefix(name, within) || 10*n.counts[name] < n.records
	})
	if len(names) == 0 {
		return "the records have no other"
	}
	listed := make([]string, min(len(names), namesListed))
	for i := range listed {
		listed[i] = shownName(names[i])
	}
	text := "the records have " + strings.Join(listed, ", ")
	if more := len(names) - len(listed); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// shownName is a field's name for people to read; of one that may be a text
// only the length.
func shownName(name string) string {
	const longest, wordiest = 60, 3
	if n := utf8.RuneCountInString(name); n > longest || len(strings.Fields(name)) > wordiest {
		return fmt.Sprintf("a name of %d characters", n)
	}
	return fmt.Sprintf("%q", name)
}
