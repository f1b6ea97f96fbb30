package annotations

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// warnOfLabels adds a warning about labels to rename that never occurred.
func (c *conversion) warnOfLabels() {
	for _, label := range slices.Sorted(maps.Keys(c.s.Labels)) {
		if !c.renamed[label] {
			c.Warnings = append(c.Warnings, fmt.Sprintf("--map: no label is called %s", datasets.ShowLabel(label)))
		}
	}
}

// toldRecords is how many records a warning names.
const toldRecords = 5

// warnOfUnit adds a warning if the unit is none in which the tool usually counts. One span
// at a wrong place may have decided so for the whole file.
func (c *conversion) warnOfUnit(d *detector) {
	usual := c.from.code.usual
	if usual == nil {
		usual = []Unit{c.from.Output}
	}
	if slices.Contains(usual, c.Unit) {
		return
	}
	records := d.deciders(c.Unit, usual)
	var told []string
	for _, n := range records[:min(len(records), toldRecords)] {
		told = append(told, fmt.Sprint(n))
	}
	more := ""
	if n := len(records) - len(told); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	c.Warnings = append(c.Warnings, fmt.Sprintf("offsets are taken to count %s, which is unusual for %s (%s), because of spans in %s: %s%s; check these, or give --offset-unit",
		c.Unit, c.from.Name, joinUnits(usual), numbers.Of(len(records), "record"), strings.Join(told, ", "), more))
}

func joinUnits(units []Unit) string {
	var names []string
	for _, u := range units {
		names = append(names, string(u))
	}
	return strings.Join(names, ", ")
}

// deciders lists the records with spans that match in the chosen unit, but not in each of
// the usual ones.
func (d *detector) deciders(chosen Unit, usual []Unit) []int {
	var list []int
	at := slices.Index(d.units, chosen)
	for _, m := range d.misfits {
		other := slices.ContainsFunc(usual, func(u Unit) bool {
			i := slices.Index(d.units, u)
			return m.places[i] != m.places[at] && (m.hard[i] || m.soft[i])
		})
		if other && !m.hard[at] && !m.soft[at] && (len(list) == 0 || list[len(list)-1] != m.record) {
			list = append(list, m.record)
		}
	}
	return list
}
