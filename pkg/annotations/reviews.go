package annotations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/reviews"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// reviewed is a folder of serve --reviews, or a file that the page has handed out. What the
// reviews of a call say together is its labels ([reviews.Merge]). Texts are those that are
// kept there, or the calls in [Options.Texts].
func reviewed() Format {
	return Format{
		Name: "reviews", About: "what people said of a model's labels: a folder of serve --reviews, or a file of the page", Reads: true,
		Can:  Carries{IDs: true, Spans: true, Classes: true, Flags: true, Unsaid: true, Meta: true, Unlabelled: true},
		code: codec{read: readReviews},
	}
}

// LoadReviews reads an input of the format "reviews".
func LoadReviews(in Input) (reviews.Loaded, error) {
	if in.info != nil && in.info.IsDir() {
		return reviews.Load(in.path)
	}
	f, err := in.open()
	if err != nil {
		return reviews.Loaded{}, fmt.Errorf("read reviews: %w", err)
	}
	defer f.Close()
	return reviews.Decode(f, in.Name)
}

func readReviews(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
	return func(yield func(draft, error) bool) {
		loaded, err := LoadReviews(in)
		if err != nil {
			yield(draft{}, err)
			return
		}
		s.torn = loaded.Torn
		calls, by := loaded.Calls()
		if s.Texts != nil {
			if !s.eachReviewed(ctx, by, yield) {
				return
			}
		}
		lines := map[string]int{} // of calls: that of their latest review
		for i, r := range loaded.Reviews {
			lines[r.Call] = i + 1
		}
		for _, call := range calls {
			list := by[call]
			text, kept := loaded.Texts[call]
			d := draft{record: lines[call], line: lines[call]}
			switch {
			case list == nil: // it has been given already
				continue
			case s.Texts != nil:
				err = in.problem(d.record, d.line, bad(datasets.KindEmpty, "no call in %s has the text that was reviewed", s.Texts.Name))
			case !kept:
				err = in.problem(d.record, d.line, bad(datasets.KindEmpty, "its text isn't kept; give the calls with --texts"))
			default:
				err = nil
				d.Text, d.ID = datasets.Transcript(text), reviews.RecordID(list)
				s.review(list, &d)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// eachReviewed yields the calls in s.Texts. Those that it finds are set to nil in by, and
// what is left there has no text. It returns false if nobody wants more.
func (s *schema) eachReviewed(ctx context.Context, by map[string][]reviews.Review, yield func(draft, error) bool) bool {
	f, err := s.Texts.open()
	if err != nil {
		yield(draft{}, fmt.Errorf("read texts: %w", err))
		return false
	}
	defer f.Close()
	texts, err := datasets.NewRecordReader(f, s.Texts.Name, s.columnIn(*s.Texts))
	if err != nil {
		yield(draft{}, s.Texts.about(err))
		return false
	}
	found := map[string][]reviews.Review{}
	for {
		if err := ctx.Err(); err != nil {
			yield(draft{}, err)
			return false
		}
		raw, err := texts.Next()
		if errors.Is(err, io.EOF) {
			return true
		}
		d := draft{from: s.Texts}
		d.record, d.line = texts.Place()
		if err == nil {
			err = s.call(raw, &d)
		}
		if err != nil {
			err = s.Texts.problem(d.record, d.line, err)
		} else {
			call := reviews.HashText(string(d.Text))
			if by[call] != nil {
				found[call], by[call] = by[call], nil
			}
			s.review(found[call], &d)
		}
		if !yield(d, err) {
			return false
		}
	}
}

// review gives a call the labels of its reviews.
func (s *schema) review(list []reviews.Review, d *draft) {
	if len(list) == 0 {
		d.State, d.why = Unlabelled, "calls without reviews"
		return
	}
	l := reviews.Merge(list)
	unknown := len(l.Tasks)
	seen := map[string]bool{}
	for _, t := range s.tasks {
		own, given := l.Tasks[t.Name]
		if seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		if given {
			unknown--
		}
		switch t.Name {
		case tasks.NERName:
			d.reviewedSpans(l.Entities)
		case tasks.CLSName:
			loseHeads(d, t, l.Classification)
			d.reviewedClasses(t, l.Classification)
		case tasks.QAName:
			loseHeads(d, t, l.QA)
			d.reviewedCriteria(t.Heads, l.QA)
		default:
			loseHeads(d, t, own.Classes)
			loseHeads(d, t, own.Flags)
			d.reviewedSpans(own.Entities)
			d.reviewedClasses(t, own.Classes)
			for _, h := range t.Heads {
				for name, value := range own.Flags[h.Field] {
					d.setFlag(h.Name, name, value == 1)
				}
			}
		}
	}
	if unknown > 0 {
		d.lost = append(d.lost, "labels of tasks that aren't known (--config)")
	}
	if d.Spans == nil && d.Classes == nil && d.Flags == nil {
		d.State, d.why = Unlabelled, "reviews in which no label is checked"
	}
}

// loseHeads notes labels of heads that a task doesn't have, such as those of another model.
func loseHeads[V any](d *draft, t tasks.Task, labels map[string]V) {
	for field := range labels {
		if !slices.ContainsFunc(t.Heads, func(h tasks.Head) bool { return h.Field == field }) {
			d.lost = append(d.lost, "labels of "+datasets.ShowLabel(field)+", a head that task "+t.Name+" doesn't have")
		}
	}
}

func (d *draft) reviewedSpans(list []reviews.Span) {
	if list == nil {
		return
	}
	d.Spans = make([]Span, 0, len(list))
	for _, e := range list {
		d.Spans = append(d.Spans, Span{Start: e.Start, End: e.End, Label: e.Label})
	}
}

// reviewedClasses takes the labels of heads. One whose label another head's field tells
// has no place of its own in records.
func (d *draft) reviewedClasses(t tasks.Task, labels map[string]string) {
	for _, h := range t.Heads {
		if label := labels[h.Field]; label != "" && h.Via == "" {
			d.setClass(h.Source, label)
		}
	}
	for _, h := range t.Heads {
		if labels[h.Field] != "" && h.Via != "" && d.Classes[h.Source] == "" {
			d.notes = append(d.notes, "main categories without a sub-category, which records can't have")
		}
	}
}

// reviewedCriteria takes the criteria of a call if all of them are judged: training, like the
// prototype, takes one that isn't for one that isn't met.
func (d *draft) reviewedCriteria(list []tasks.Head, said map[string][]int) {
	flags, judged, all := map[string]map[string]bool{}, 0, 0
	for _, h := range list {
		flags[h.Name] = map[string]bool{}
		if len(said[h.Field]) > len(h.Labels) {
			d.lost = append(d.lost, "values of "+h.Name+" beyond its criteria")
		}
		for i, label := range h.Labels {
			all++
			if i < len(said[h.Field]) && said[h.Field][i] >= 0 {
				judged++
				flags[h.Name][label] = said[h.Field][i] == 1
			}
		}
	}
	switch judged {
	case 0:
	case all:
		d.Flags = flags
	default:
		d.lost = append(d.lost, "criteria of calls of which not all were checked")
	}
}
