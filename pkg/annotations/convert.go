package annotations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Output is where documents are written: a file or folder, which appears whole or not at
// all and replaces what is there, or a stream.
type Output struct {
	Path string
	W    io.Writer // used if Path is ""
}

// Summary counts what a conversion did.
type Summary struct {
	Records int // read
	Written int
	Unit    Unit           // of the input's offsets; "" if it has none
	LeftOut map[string]int // calls that weren't written, by reason
	Notes   map[string]int // records by what was decided about them
	Lost    map[string]int // records by what the output doesn't hold
	Bad     datasets.Problems
}

// Convert reads in, checks all of it, and writes out. Before anything is written, it
// returns all records that can't be used as one [datasets.BadRecords], offsets whose
// unit can't be told as a [UnitError], and what the output can't hold as a [LossError].
// The unit of offsets is the one in which spans have the text that the file gives them,
// or else begin and end where words do; if several units do and differ, that is an error.
func Convert(ctx context.Context, in Input, from Format, out Output, to Format, o Options) (Summary, error) {
	c, err := newConversion(in, from, to, o)
	if err != nil {
		return Summary{}, err
	}
	if !o.CheckOnly && to.Folder && out.Path == "" {
		return Summary{}, badOptions("%s is a folder of files; give --output", to.Name)
	}
	if err := c.detect(ctx); err != nil {
		return c.Summary, err
	}
	if err := c.check(ctx); err != nil || o.CheckOnly {
		return c.Summary, err
	}
	return c.Summary, c.put(ctx, out)
}

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

// conversion is one conversion. Summary.Unit is the decided unit.
type conversion struct {
	Summary
	in       Input
	from, to Format
	s        *schema
	seen     fields
	ids      map[string]int // records by id
	done     int64
}

func newConversion(in Input, from, to Format, o Options) (*conversion, error) {
	switch {
	case !from.Reads:
		return nil, badOptions("%s can't be read", from.Name)
	case !to.Writes:
		return nil, badOptions("%s can't be written", to.Name)
	case o.KeepUnlabelled && !to.Can.Unlabelled:
		return nil, badOptions("%s has no calls without labels", to.Name)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	task := to.task
	if task == nil {
		task = from.task
	}
	c := &conversion{from: from, to: to, s: newSchema(o, task)}
	c.LeftOut, c.Notes, c.Lost, c.ids = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	passes := int64(2)
	if c.mustDetect() {
		passes++
	}
	c.in = in.reporting(func(n int) {
		c.done += int64(n)
		if o.Progress != nil {
			o.Progress(c.done, passes*in.size)
		}
	})
	return c, nil
}

func (c *conversion) mustDetect() bool {
	return c.from.code.offsets && (c.s.Unit == "" || c.s.Unit == UnitAuto)
}

// detect decides the unit of the offsets.
func (c *conversion) detect(ctx context.Context) error {
	if !c.from.code.offsets {
		return nil
	}
	if !c.mustDetect() {
		c.Unit = c.s.Unit
		return nil
	}
	d := newDetector(c.in.Name, c.from.Output, c.s.ShowText)
	for r, err := range c.from.code.read(ctx, c.in, c.s) {
		if errors.As(err, new(draftError)) {
			continue // check reports it
		}
		if err != nil {
			return err
		}
		if r.State == Labelled {
			d.note(r)
		}
	}
	var err error
	c.Unit, err = d.decide()
	return err
}

// check reads everything, counts it, and collects what is wrong and what is lost.
func (c *conversion) check(ctx context.Context) error {
	for d, err := range c.documents(ctx) {
		c.Records++
		var problem draftError
		switch {
		case errors.As(err, &problem):
			c.Bad.Add(datasets.Problems{First: []datasets.Problem{problem.Problem}, Counts: map[datasets.Kind]int{problem.Kind: 1}})
			continue
		case err != nil:
			return err
		}
		if reason := c.leftOut(d.Document); reason != "" {
			c.LeftOut[reason]++
			continue
		}
		for _, note := range d.notes {
			c.Notes[note]++
		}
		for _, lost := range d.lost {
			c.Lost[lost]++
		}
		c.seen.note(d.Document)
		c.Written++
	}
	switch {
	case c.Bad.Total() > 0 && !c.s.SkipBad:
		return &datasets.BadRecords{Problems: c.Bad}
	case c.Records == 0:
		return fmt.Errorf("read annotations: %s holds no records", c.in.Name)
	case len(c.Lost) > 0 && !c.s.Lossy:
		return &LossError{To: c.to.Name, Lost: c.Lost}
	case c.Written == 0:
		return fmt.Errorf("read annotations: none of the %d records of %s can be written: %s", c.Records, c.in.Name, c.whyNone())
	}
	return nil
}

func (c *conversion) whyNone() string {
	if len(c.LeftOut) > 0 {
		return Counts(c.LeftOut)
	}
	return c.Bad.First[0].Message
}

// leftOut says why a document isn't written, or returns "".
func (c *conversion) leftOut(d Document) string {
	switch {
	case d.State == Labelled && c.to.isRecords() && !labelledFor(*c.to.task, d):
		return "no labels of task " + c.to.task.Name
	case d.State == Labelled || c.s.KeepUnlabelled:
		return ""
	}
	return d.State.String()
}

// documents yields the input's documents with spans in code points, as they will be
// written.
func (c *conversion) documents(ctx context.Context) iter.Seq2[draft, error] {
	clear(c.ids)
	return func(yield func(draft, error) bool) {
		for d, err := range c.from.code.read(ctx, c.in, c.s) {
			if err == nil {
				if err = c.complete(&d); err != nil {
					err = c.in.problem(d.record, d.line, err)
				}
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

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
		return bad(datasets.KindDuplicate, "the id of record %d", other)
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
			return bad(datasets.KindRange, "entity %d: span [%d, %d) isn't one of the text of %d characters, counted as %s", i+1, given.Start, given.End, len(text), orCodePoint(unit))
		}
		if i < len(d.surfaces) && d.surfaces[i] != "" && !sameSurface(string(text[e.Start:e.End]), d.surfaces[i]) {
			shown := ""
			if show {
				shown = fmt.Sprintf(": %q, not %q", string(text[e.Start:e.End]), d.surfaces[i])
			}
			return bad(datasets.KindRange, "entity %d: span [%d, %d), counted as %s, has another text than the file says%s", i+1, given.Start, given.End, orCodePoint(unit), shown)
		}
		d.Spans[i] = e
	}
	return nil
}

func orCodePoint(u Unit) Unit {
	if u == "" {
		return UnitCodePoint
	}
	return u
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
		return name
	}
	return label
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
			list = append(list, "labels of "+head)
		}
	}
	for head, flags := range d.Flags {
		switch {
		case !can.Flags || !c.holds(head):
			list = append(list, "labels of "+head)
		case !can.Unsaid && c.unsaid(head, flags):
			list = append(list, "which labels of "+head+" weren't judged")
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
