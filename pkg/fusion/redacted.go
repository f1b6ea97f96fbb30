package fusion

import (
	"errors"
	"slices"

	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// ErrRedactTruncated is the error of redacting texts whose ends aren't read: names there
// would stay.
var ErrRedactTruncated = errors.New("names in the end of a long text, which isn't read, would stay: to redact, read all of it")

// EntityLabels returns the labels of the entities that the tasks find, each once.
func EntityLabels(list []tasks.Task) []string {
	var labels []string
	for _, task := range list {
		if !task.PerToken() {
			continue
		}
		for _, label := range task.Heads[0].Kinds() {
			if !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	return labels
}

// redacting returns the tasks that the model must read for list and for o's redaction, and
// makes o read long texts to their end.
func (p *Predictor) redacting(o *PredictOptions, list []tasks.Task) ([]tasks.Task, error) {
	if o.Redact == nil {
		return list, nil
	}
	if err := o.Redact.CheckLabels(EntityLabels(p.tasks)); err != nil {
		return nil, err
	}
	switch {
	case o.Long == LongTruncate:
		return nil, ErrRedactTruncated
	case o.Long == "" && p.windows.On():
		o.Long = LongWindows
	case o.Long == "":
		o.Long = LongMean
	}
	names := tasks.Names(list)
	for _, task := range p.tasks {
		if task.PerToken() && slices.ContainsFunc(task.Heads[0].Kinds(), o.Redact.Replaces) && !slices.Contains(names, task.Name) {
			names = append(names, task.Name)
		}
	}
	learnt := p.tasks
	if o.IndependentHeads {
		learnt = tasks.Independent(learnt)
	}
	return tasks.Select(learnt, names)
}

// read returns the tasks that were read for an answer to list.
func (c *call) read(list []tasks.Task) []tasks.Task {
	if len(c.tasks) > len(list) {
		return c.tasks
	}
	return list
}

// found returns the entities of all tasks that were read, for redaction.
func (c *call) found(o PredictOptions) []redact.Span {
	var spans []redact.Span
	for _, task := range c.tasks {
		if !task.PerToken() {
			continue
		}
		own, _ := c.task(task, o)
		for _, e := range own.Entities {
			spans = append(spans, redact.Span{Label: e.Label, Start: e.Start, End: e.End})
		}
	}
	return spans
}

// redact makes all parts of the prediction parts of the redacted text.
func (p *Prediction) redact(result redact.Result) {
	p.Redaction = &result
	p.Text = result.Text
	p.Replaced = append([]redact.Replacement{}, result.Replacements...)
	m := mover{result, newCutter(result.Text)}
	var scores Scores
	if p.Scores != nil {
		scores = *p.Scores
	}
	p.NER, scores.NER = m.tokens(p.NER, scores.NER)
	p.Entities = m.entities(p.Entities)
	for i, task := range p.Tasks {
		own := &p.Tasks[i].Value
		var rows []Fields[float32]
		at := slices.IndexFunc(scores.Tasks, func(f Field[CustomScores]) bool { return f.Name == task.Name })
		if at >= 0 {
			rows = scores.Tasks[at].Value.Tokens
		}
		own.Tokens, rows = m.tokens(own.Tokens, rows)
		own.Entities = m.entities(own.Entities)
		if at >= 0 {
			scores.Tasks[at].Value.Tokens = rows
		}
	}
	for i, task := range p.Attention {
		moved, at := m.weights(task.Value)
		p.Attention[i].Value = moved
		for _, heads := range p.LabelAttention {
			if heads.Name == task.Name {
				sumLabels(heads.Value, at, len(moved))
			}
		}
	}
	if p.Scores != nil {
		p.Scores = &scores
	}
}

// mover moves parts of a text to where they are in its redacted form. Parts of what was
// replaced become one.
type mover struct {
	redact.Result
	cut cutter // of the new text
}

// tokens moves words, and rows, their probabilities, if there are any. Of the words of a
// replaced part the first one's label and row stay.
func (m mover) tokens(list []Token, rows []Fields[float32]) ([]Token, []Fields[float32]) {
	if list == nil {
		return nil, rows
	}
	moved, kept := []Token{}, []Fields[float32]{}
	end := 0
	for i, t := range list {
		from, to := m.Move(t.Start, t.End)
		if from < end {
			continue
		}
		end = to
		moved = append(moved, Token{m.cut.text(from, to), t.Label, from, to})
		if i < len(rows) {
			kept = append(kept, rows[i])
		}
	}
	if rows == nil {
		kept = nil
	}
	return moved, kept
}

// entities moves entities. Those of one label that became the same are one: the first, with
// the least probability of all.
func (m mover) entities(list []Entity) []Entity {
	if list == nil {
		return nil
	}
	moved := []Entity{}
	for _, e := range list {
		e.Start, e.End = m.Move(e.Start, e.End)
		e.Text = m.cut.text(e.Start, e.End)
		if last := len(moved) - 1; last >= 0 && moved[last].Label == e.Label && moved[last].Start == e.Start && moved[last].End == e.End {
			moved[last].Least = min(moved[last].Least, e.Least)
			continue
		}
		moved = append(moved, e)
	}
	return moved
}

// weights moves weights of words, and returns of each word where it is in the moved list.
func (m mover) weights(list []WordWeight) (moved []WordWeight, at []int) {
	moved, at = []WordWeight{}, make([]int, len(list))
	for i, w := range list {
		w.Start, w.End = m.Move(w.Start, w.End)
		if last := len(moved) - 1; last >= 0 && w.Start < moved[last].End {
			moved[last].Weight += w.Weight
		} else {
			moved = append(moved, w)
		}
		at[i] = len(moved) - 1
	}
	return moved, at
}

// sumLabels adds up each label's weights of the words that became one of n; at says which.
func sumLabels(heads Fields[LabelWeights], at []int, n int) {
	sum := func(list []float32) []float32 {
		if list == nil {
			return nil
		}
		moved := make([]float32, n)
		for i, weight := range list {
			moved[at[i]] += weight
		}
		return moved
	}
	for h := range heads {
		own := &heads[h].Value
		own.Words = sum(own.Words)
		for l := range own.Labels {
			own.Labels[l].Value = sum(own.Labels[l].Value)
		}
	}
}
