package fusion

import (
	"context"
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Logits are a model's logits for one task and one text.
type Logits struct {
	// Words are the positions of the words read in the text, for a token task: each has
	// the logits of its first sub-word.
	Words  []tokenize.Span
	Values [][]float32 // by head: [words, labels] for a token task, otherwise [labels]
}

// TaskLogits returns each text's logits for one task. Texts that are too long for the
// model are truncated. Non-finite logits are the error [ErrNotFinite], which gives the
// number of the text, from 1.
func (p *Predictor) TaskLogits(ctx context.Context, task string, texts []datasets.Transcript, o PredictOptions) ([]Logits, error) {
	o.Tasks, o.Overlap = []string{task}, 0
	r, err := p.run(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	all := make([]Logits, len(r.calls))
	for i, c := range r.calls {
		if err := c.finite(r.list); err != nil {
			return nil, fmt.Errorf("text %d of %d: %w", i+1, len(r.calls), err)
		}
		if r.list[0].PerToken() {
			all[i] = c.wordLogits(r.list[0])
			continue
		}
		for h := range r.list[0].Heads {
			all[i].Values = append(all[i].Values, c.mean(task, h))
		}
	}
	return all, nil
}

func (c *call) wordLogits(task tasks.Task) Logits {
	labels := len(task.Heads[0].Labels)
	l := Logits{Values: make([][]float32, 1)}
	for _, w := range words(c.enc) {
		p := c.central(w.first)
		if p == nil {
			break // the rest of the text wasn't read
		}
		row := (w.first - p.first + 1) * labels // [CLS] comes first
		l.Words = append(l.Words, tokenize.Span{Start: w.start, End: w.end})
		l.Values[0] = append(l.Values[0], p.logits[task.Name][0][row:row+labels]...)
	}
	return l
}
