package fusion

import (
	"context"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Logits are a model's logits for one task and one text.
type Logits struct {
	// Words are the positions of the words read in the text, for a token task: each has
	// the logits of its first sub-word, which is that token of the text's encoding.
	Words  []tokenize.Span
	Tokens []int
	Values [][]float32 // by head: [words, labels] for a token task, otherwise [labels]

	Truncated bool // the text's end wasn't read
}

// Probabilities returns those of the labels of a task's head, in the layout of Values, with
// a temperature; 1 is the model's own.
func (l Logits) Probabilities(task tasks.Task, head int, temperature float64) []float32 {
	logits := l.Values[head]
	p := make([]float32, 0, len(logits))
	if task.YesNo() {
		for _, x := range logits {
			p = append(p, float32(calibrate.Sigmoid(x, temperature)))
		}
		return p
	}
	for row := range slices.Chunk(logits, len(task.Heads[head].Labels)) {
		p = append(p, calibrate.Softmax(row, temperature)...)
	}
	return p
}

// TextError is an error about one of several texts.
type TextError struct {
	Text, Of int // number of the text, from 1, and of all texts
	Err      error
}

func (e *TextError) Error() string { return fmt.Sprintf("text %d of %d: %v", e.Text, e.Of, e.Err) }

// Unwrap returns Err.
func (e *TextError) Unwrap() error { return e.Err }

// TaskLogits returns each text's logits for one task. Long texts are read as the model
// learnt to. Non-finite logits are the error [ErrNotFinite], in a [TextError].
func (p *Predictor) TaskLogits(ctx context.Context, task string, texts []datasets.Transcript, o PredictOptions) ([]Logits, error) {
	o.Tasks, o.Long, o.Overlap = []string{task}, "", 0
	all, err := p.Logits(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	list := make([]Logits, len(all))
	for i, tasks := range all {
		list[i] = tasks[0]
	}
	return list, nil
}

// Logits returns each text's logits for the tasks selected by o, in the model's order:
// [texts][tasks]. Non-finite logits are the error [ErrNotFinite], in a [TextError].
func (p *Predictor) Logits(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([][]Logits, error) {
	r, err := p.run(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	all := make([][]Logits, len(r.calls))
	for i, c := range r.calls {
		if err := c.finite(r.list); err != nil {
			return nil, &TextError{i + 1, len(r.calls), err}
		}
		for _, task := range r.list {
			all[i] = append(all[i], c.taskLogits(task))
		}
	}
	return all, nil
}

func (c *call) taskLogits(task tasks.Task) (l Logits) {
	if task.PerToken() {
		return c.wordLogits(task)
	}
	l.Truncated = c.truncated()
	for h := range task.Heads {
		l.Values = append(l.Values, c.logits(task.Name, h))
	}
	return l
}

func (c *call) wordLogits(task tasks.Task) Logits {
	labels := len(task.Heads[0].Labels)
	l := Logits{Values: make([][]float32, 1), Truncated: c.truncated()}
	for _, w := range words(c.enc) {
		p := c.central(w.first)
		if p == nil {
			break // the rest of the text wasn't read
		}
		row := p.position(w.first) * labels
		l.Words = append(l.Words, tokenize.Span{Start: w.start, End: w.end})
		l.Tokens = append(l.Tokens, w.first)
		l.Values[0] = append(l.Values[0], p.logits[task.Name][0][row:row+labels]...)
	}
	return l
}
