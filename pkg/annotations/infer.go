package annotations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// inferAnswers is the output of infer, in JSON Lines or as an array. It lacks the texts, which
// are the calls in [Options.Texts], in the same order.
func inferAnswers() Format {
	return Format{
		Name: "infer", About: "answers of infer, with the calls that it read", Reads: true,
		Can:  Carries{IDs: true, Spans: true, Classes: true, Flags: true, Meta: true, Unlabelled: true},
		code: codec{read: readAnswers},
	}
}

// answer is infer's answer to a call, see docs/inference.md.
type answer struct {
	ID             json.RawMessage            `json:"id"`
	Entities       []answered                 `json:"entities"`
	Classification map[string]json.RawMessage `json:"classification"`
	QA             map[string]json.RawMessage `json:"qa"`
	Tasks          map[string]json.RawMessage `json:"tasks"`
	Truncated      bool                       `json:"truncated"`
	Error          json.RawMessage            `json:"error"`
}

// answered is an entity in an answer.
type answered struct {
	Span
	Text string `json:"text"`
}

func readAnswers(ctx context.Context, in Input, s *schema) iter.Seq2[draft, error] {
	return func(yield func(draft, error) bool) {
		if s.Texts == nil {
			yield(draft{}, badOptions("answers of infer lack the texts; give the calls that it read with --texts"))
			return
		}
		f, err := s.Texts.open()
		if err != nil {
			yield(draft{}, fmt.Errorf("read texts: %w", err))
			return
		}
		defer f.Close()
		texts, err := datasets.NewRecordReader(f, s.Texts.Name, s.columnIn(*s.Texts))
		if err != nil {
			yield(draft{}, s.Texts.about(err))
			return
		}
		stopped := false
		for d, err := range in.records(ctx, textFields[0], false, func(raw []byte, _ bool, d *draft) error { return s.answer(texts, raw, d) }) {
			if !yield(d, err) {
				stopped = true
				break
			}
		}
		if stopped {
			return
		}
		if _, err := texts.Next(); !errors.Is(err, io.EOF) {
			yield(draft{}, fmt.Errorf("read annotations: %s has more calls than %s has answers: were these its input?", s.Texts.Name, in.Name))
		}
	}
}

// answer reads the next call, and the answer to it.
func (s *schema) answer(texts *datasets.RecordReader, raw []byte, d *draft) error {
	call, err := texts.Next()
	if errors.Is(err, io.EOF) {
		return bad(datasets.KindEmpty, "there is no call for it in %s: were these infer's input?", s.Texts.Name)
	}
	if err != nil {
		return bad(datasets.KindOf(err), "its call can't be read: %w", err)
	}
	if err := s.call(call, d); err != nil {
		return err
	}
	if err := datasets.CheckJSON(raw); err != nil {
		return err
	}
	var a answer
	if json.Unmarshal(raw, &a) != nil {
		return bad(datasets.KindType, "it isn't an answer of infer")
	}
	if id, given := scalar(a.ID); given && d.ID != "" && id != d.ID {
		return bad(datasets.KindContradiction, "its id isn't that of the call in %s: were these infer's input?", s.Texts.Name)
	}
	if len(a.Error) > 0 {
		d.State = Unlabelled
		return nil
	}
	d.notes = append(d.notes, "predictions, which nobody has checked")
	if a.Truncated {
		d.notes = append(d.notes, "calls whose end the model didn't read")
	}
	for _, t := range s.tasks {
		if err := a.labels(t, d); err != nil {
			return bad(kindOf(err), "task %s: %w", t.Name, err)
		}
	}
	return nil
}

// call reads a call. Labels that it has are replaced by the answer's.
func (s *schema) call(raw []byte, d *draft) error {
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	if d.Text, err = o.takeText(s.Text); err != nil {
		return err
	}
	d.ID = o.takeID(idFields[0])
	for _, t := range s.tasks {
		for _, h := range t.Heads {
			if len(o.at(h.Source)) > 0 {
				o.remove(h.Source)
				d.notes = append(d.notes, "labels of the call, which the answer replaces")
			}
		}
	}
	d.notes = slices.Compact(d.notes)
	o.rest(d)
	return nil
}

// labels takes an answer's labels of a task.
func (a answer) labels(t tasks.Task, d *draft) error {
	fields := a.Classification
	switch t.Name {
	case tasks.NERName:
		d.take(a.Entities)
		return nil
	case tasks.CLSName:
	case tasks.QAName:
		fields = a.QA
	default:
		raw, found := a.Tasks[t.Name]
		if !found {
			return nil
		}
		if t.PerToken() {
			var own struct{ Entities []answered }
			if json.Unmarshal(raw, &own) != nil {
				return bad(datasets.KindType, "its answer has another form")
			}
			d.take(own.Entities)
			return nil
		}
		fields = nil
		if json.Unmarshal(raw, &fields) != nil {
			return bad(datasets.KindType, "its answer has another form")
		}
	}
	for _, h := range t.Heads {
		raw, found := fields[h.Field]
		if !found || h.Via != "" {
			continue
		}
		if err := d.head(t, h, raw); err != nil {
			return err
		}
	}
	return nil
}

// take takes an answer's entities; nil if the model has none to give.
func (d *draft) take(list []answered) {
	if list != nil && d.Spans == nil {
		d.Spans = []Span{}
	}
	for _, e := range list {
		d.Spans, d.surfaces = append(d.Spans, e.Span), append(d.surfaces, e.Text)
	}
}

// head takes the answer of a head: a label, 0 or 1 for each yes/no label by position, or
// by name for own tasks.
func (d *draft) head(t tasks.Task, h tasks.Head, raw json.RawMessage) error {
	if t.Kind == tasks.MultiClass {
		label, ok := scalar(raw)
		if !ok {
			return bad(datasets.KindType, "head %s has no label", h.Name)
		}
		d.setClass(h.Source, label)
		return nil
	}
	var list []int
	if json.Unmarshal(raw, &list) == nil && len(list) == len(h.Labels) {
		for i, label := range h.Labels {
			d.setFlag(h.Name, label, list[i] == 1)
		}
		return nil
	}
	var named map[string]int
	if json.Unmarshal(raw, &named) != nil {
		return bad(datasets.KindType, "head %s has neither a list for its criteria nor an object", h.Name)
	}
	for label, yes := range named {
		d.setFlag(h.Name, label, yes == 1)
	}
	return nil
}
