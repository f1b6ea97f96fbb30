package fusion

import (
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// ErrNotFinite is returned, wrapped, where a model's logits for a text hold an infinity
// or a NaN: whatever was made of them would be no answer. Weights are finite
// ([Load]), but may be so large that a text's numbers aren't, or that those of a lower
// precision aren't.
var ErrNotFinite = errors.New("the model's numbers for this text aren't finite, so that it has no answer: the model is damaged, or its weights are too large for the precision")

// ErrNoWords says that a text has no answer, as the tokenizer leaves nothing of it:
// it is empty, or has only white space and characters that nobody sees.
var ErrNoWords = errors.New("the text is empty")

// finite reports a task whose logits for the text aren't finite numbers.
func (c *call) finite(list []tasks.Task) error {
	for _, task := range list {
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
