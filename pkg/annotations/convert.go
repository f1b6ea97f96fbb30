package annotations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

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
	// Warnings are about options without effect and unlikely decisions, a sentence each.
	Warnings []string
}

// Convert reads in, checks all of it, and writes out. Before anything is written, it
// returns all records that can't be used as one [datasets.BadRecords], offsets whose
// unit can't be told as a [UnitError], and what the output can't hold as a [LossError].
// The unit of offsets is the one in which spans have the text that the file gives them,
// or else begin and end where words do; if several units do and differ, that is an error.
func Convert(ctx context.Context, in Input, from Format, out Output, to Format, o Options) (Summary, error) {
	c, err := newConversion(ctx, in, from, to, o)
	if err != nil {
		return Summary{}, err
	}
	if err := out.check(to, o.CheckOnly); err != nil {
		return Summary{}, err
	}
	if err := c.detect(ctx); err != nil {
		return c.Summary, err
	}
	if err := c.check(ctx); err != nil || o.CheckOnly {
		return c.Summary, err
	}
	return c.Summary, c.put(ctx, out)
}

// conversion is one conversion. Summary.Unit is the decided unit.
type conversion struct {
	Summary
	in       Input
	from, to Format
	s        *schema
	seen     fields
	ids      map[string]int  // records by id
	checked  pass            // what check read
	renamed  map[string]bool // labels to rename that have occurred
	done     int64
}

func newConversion(ctx context.Context, in Input, from, to Format, o Options) (*conversion, error) {
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
	if !from.Folder {
		var err error
		if in, err = in.hold(ctx); err != nil {
			return nil, err
		}
	}
	if o.Texts != nil {
		texts, err := o.Texts.hold(ctx)
		if err != nil {
			return nil, err
		}
		o.Texts = &texts
	}
	task := to.task
	if task == nil {
		task = from.task
	}
	c := &conversion{from: from, to: to, s: newSchema(o, task), renamed: map[string]bool{}}
	if err := c.s.checkHead(); err != nil {
		return nil, err
	}
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
	if c.Unit, err = d.decide(); err == nil {
		c.warnOfUnit(d)
	}
	return err
}

// check reads everything, counts it, and collects what is wrong and what is lost.
func (c *conversion) check(ctx context.Context) error {
	c.checked = newPass()
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
		if reason := c.leftOut(d); reason != "" {
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
		c.checked.note(d.Document)
		c.Written++
	}
	c.warnOfLabels()
	if c.s.torn {
		c.Warnings = append(c.Warnings, "the last review isn't finished, and is left out")
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
func (c *conversion) leftOut(d draft) string {
	switch {
	case d.State == Labelled && c.to.isRecords() && !labelledFor(*c.to.task, d.Document):
		return "no labels of task " + c.to.task.Name
	case d.State == Labelled || c.s.KeepUnlabelled:
		return ""
	}
	return cmp.Or(d.why, d.State.String())
}

// documents yields the input's documents with spans in code points, as they will be
// written.
func (c *conversion) documents(ctx context.Context) iter.Seq2[draft, error] {
	clear(c.ids)
	return func(yield func(draft, error) bool) {
		for d, err := range c.from.code.read(ctx, c.in, c.s) {
			if err == nil {
				if err = c.complete(&d); err != nil {
					err = cmp.Or(d.from, &c.in).problem(d.record, d.line, err)
				}
			}
			if !yield(d, err) {
				return
			}
		}
	}
}
