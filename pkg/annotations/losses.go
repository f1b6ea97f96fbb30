package annotations

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// LossError is the error about a conversion that would lose something.
type LossError struct {
	To   string
	Lost map[string]int // records by what
}

// Error lists what would be lost.
func (e *LossError) Error() string {
	return fmt.Sprintf("%s can't hold everything: %s; --lossy converts the rest", e.To, Counts(e.Lost))
}

// Counts lists counts in words, the largest first.
func Counts(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%d)", name, counts[name])
	}
	return strings.Join(names, ", ")
}

// loses lists what the output's format can't hold of a document.
func (c *conversion) loses(d Document) (list []string) {
	can := c.to.Can
	if d.ID != "" && !can.IDs {
		list = append(list, "ids")
	}
	if len(d.Spans) > 0 && !can.Spans {
		list = append(list, "entities")
	}
	for head := range d.Classes {
		if !can.Classes || !c.holds(head) {
			list = append(list, "labels of "+c.s.show(head))
		}
	}
	for head, flags := range d.Flags {
		switch {
		case !can.Flags || !c.holds(head):
			list = append(list, "labels of "+c.s.show(head))
		case !can.Unsaid && c.unsaid(head, flags):
			list = append(list, "which labels of "+c.s.show(head)+" weren't judged")
		}
	}
	if len(d.Meta) > 0 && !can.Meta {
		return append(list, "other fields")
	}
	for name, value := range d.Meta {
		if c.clashes(name, value, d.ID) {
			list = append(list, "other fields called "+name)
		}
	}
	return list
}

// clashes reports whether another field has the name of one of the output's own.
func (c *conversion) clashes(name string, value json.RawMessage, id string) bool {
	other, _ := scalar(value)
	return slices.Contains(c.to.reserved, name) || name == c.to.id && other != id
}

// holds reports whether the output's task, if it has one, has a head.
func (c *conversion) holds(head string) bool {
	if !c.to.isRecords() {
		return true
	}
	return slices.ContainsFunc(headsOf(*c.to.task), hasName(head))
}

// unsaid reports whether some labels of a head weren't judged.
func (c *conversion) unsaid(name string, flags map[string]bool) bool {
	h, _ := c.s.head(name)
	for _, label := range h.labels {
		if _, said := flags[label]; !said {
			return true
		}
	}
	return false
}

func hasName(name string) func(head) bool { return func(h head) bool { return h.name == name } }
