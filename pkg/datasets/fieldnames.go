package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Maximum number of records to collect names from, and of names to list.
const (
	namesFrom   = 100
	namesListed = 20
)

// fieldNames collects the names of fields that have values in the records, with dotted
// names for fields in objects.
type fieldNames struct {
	records int
	counts  map[string]int
}

// note adds the names of a record, for the first records only.
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
		inner := record.inner[name] // an object in a string is only parsed if a task requires it
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

// list returns the names of the fields, most frequent first; within, a name and a dot,
// selects those in an object.
func (n *fieldNames) list(within string) string {
	names := slices.SortedFunc(maps.Keys(n.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(n.counts[b], n.counts[a]), cmp.Compare(a, b))
	})
	names = slices.DeleteFunc(names, func(name string) bool {
		// A rare name may be text from a call.
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

// shownName is a field's name for messages; if it may be text from a call, only its
// length.
func shownName(name string) string {
	const longest, wordiest = 60, 3
	if n := utf8.RuneCountInString(name); n > longest || len(strings.Fields(name)) > wordiest {
		return fmt.Sprintf("a name of %d characters", n)
	}
	return fmt.Sprintf("%q", name)
}
