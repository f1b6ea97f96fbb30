package annotations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// complete converts a draft's offsets and labels, and notes what is lost. Its error is
// about the record.
func (c *conversion) complete(d *draft) error {
	if err := c.identify(d); err != nil {
		return err
	}
	if d.State != Labelled {
		d.Spans, d.Classes, d.Flags = nil, nil, nil // proposals at most
		return nil
	}
	if err := place(d, c.Unit, c.s.ShowText); err != nil {
		return err
	}
	c.rename(&d.Document)
	if d.Spans != nil {
		before := len(d.Spans)
		if d.Spans = distinct(d.Spans); len(d.Spans) < before {
			d.notes = append(d.notes, "spans that were there twice")
		}
	}
	if !c.to.Can.Overlaps {
		spans, dropped, err := resolve(d.Spans, c.s.Overlaps)
		if err != nil {
			return err
		}
		if d.Spans = spans; dropped > 0 {
			d.notes = append(d.notes, "overlapping spans, of which the "+string(c.s.Overlaps)+" stayed")
		}
	}
	if c.to.isRecords() {
		if err := checkLabels(*c.to.task, d.Document); err != nil {
			return err
		}
		if !labelledFor(*c.to.task, d.Document) {
			return nil
		}
	}
	d.lost = append(d.lost, c.loses(d.Document)...)
	if c.to.code.loses != nil {
		more, err := c.to.code.loses(c.s, d.Document)
		if err != nil {
			return err
		}
		d.lost = append(d.lost, more...)
	}
	d.Meta = maps.Clone(d.Meta)
	maps.DeleteFunc(d.Meta, func(name string, value json.RawMessage) bool { return c.clashes(name, value, d.ID) })
	if len(d.Meta) == 0 {
		d.Meta = nil
	}
	slices.Sort(d.lost)
	d.lost = slices.Compact(d.lost)
	return nil
}

// identify checks the text and the id.
func (c *conversion) identify(d *draft) error {
	if strings.TrimSpace(string(d.Text)) == "" {
		return bad(datasets.KindEmpty, "the text is empty")
	}
	if d.ID == "" || d.State != Labelled {
		return nil
	}
	if other, twice := c.ids[d.ID]; twice {
		return bad(datasets.KindDuplicate, "its id is the id of record %d, too; ids must differ", other)
	}
	c.ids[d.ID] = d.record
	return nil
}

// place converts a draft's spans from a unit, and checks that they have the texts that
// the file gives them.
func place(d *draft, unit Unit, show bool) error {
	if len(d.Spans) == 0 {
		return nil
	}
	text := []rune(string(d.Text))
	var places []int
	if !isPlain(string(d.Text)) {
		places = unit.places(text)
	}
	for i, given := range d.Spans {
		e := toCodePoints(places, len(text), given)
		switch {
		case given.Label == "":
			return bad(datasets.KindEmpty, "entity %d has no label", i+1)
		case given.End <= given.Start:
			return bad(datasets.KindReversed, "entity %d: span [%d, %d) doesn't end after its start", i+1, given.Start, given.End)
		case e.Start < 0 || e.End < 0:
			return bad(datasets.KindRange, "entity %d: span [%d, %d) isn't one of the text of %d characters, counted as %s", i+1, given.Start, given.End, len(text), cmp.Or(unit, UnitCodePoint))
		}
		if i < len(d.surfaces) && d.surfaces[i] != "" && !sameSurface(string(text[e.Start:e.End]), d.surfaces[i]) {
			shown := ""
			if show {
				shown = fmt.Sprintf(": %q, not %q", string(text[e.Start:e.End]), d.surfaces[i])
			}
			return bad(datasets.KindRange, "entity %d: span [%d, %d), counted as %s, has another text than the file says%s", i+1, given.Start, given.End, cmp.Or(unit, UnitCodePoint), shown)
		}
		d.Spans[i] = e
	}
	return nil
}

// rename gives labels their new names.
func (c *conversion) rename(d *Document) {
	if len(c.s.Labels) == 0 {
		return
	}
	if d.Spans != nil {
		kept := []Span{}
		for _, e := range d.Spans {
			if e.Label = c.newName(e.Label); e.Label != "" {
				kept = append(kept, e)
			}
		}
		d.Spans = kept
	}
	old := *d
	d.Classes, d.Flags = nil, nil
	for head, label := range old.Classes {
		if label = c.newName(label); label != "" {
			d.setClass(head, label)
		}
	}
	for head, flags := range old.Flags {
		for name, yes := range flags {
			if name = c.newName(name); name != "" {
				d.setFlag(head, name, yes || d.Flags[head][name])
			}
		}
	}
}

func (c *conversion) newName(label string) string {
	if name, found := c.s.Labels[label]; found {
		c.renamed[label] = true
		return name
	}
	return label
}
