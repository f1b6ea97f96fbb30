package fusion

import (
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// ErrNotFinite is returned, wrapped, if a model's logits for a text contain an infinity
// or a NaN, so there is no valid prediction. Weights are finite ([Load]), but may be so
// large that intermediate results overflow, or that they overflow in a lower precision.
var ErrNotFinite = errors.New("the model's numbers for this text aren't finite, so that it has no answer: the model is damaged, or its weights are too large for the precision")

// ErrNoWords means that a text has no prediction because it has no tokens: it is empty,
// or contains only white space and invisible characters.
var ErrNoWords = errors.New("the text is empty")

// finite returns an error for a task whose logits for the text aren't finite.
func (c *call) finite(list []tasks.Task) error {
	for _, task := range list {
		for _, logits := range c.pooled[task.Name].logits {
			if !numbers.Finite(logits...) {
				return fmt.Errorf("task %s: %w", task.Name, ErrNotFinite)
			}
		}
		for _, p := range c.pieces {
			for h, logits := range p.logits[task.Name] {
				read := task.Kind.Layout().Outputs(len(task.Heads[h].Labels), len(p.enc.IDs)) // without padding
				if !numbers.Finite(logits[:read]...) {
					return fmt.Errorf("task %s: %w", task.Name, ErrNotFinite)
				}
			}
		}
	}
	return nil
}
