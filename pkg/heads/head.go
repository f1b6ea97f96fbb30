// Package heads maps an encoder's hidden states to a task's logits and loss.
// There are two kinds: a token head, and heads over a pooled sentence vector;
// a [tasks.Task] says which a task takes.
package heads

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// A Head is everything of one task above the encoder.
type Head interface {
	// Logits maps hidden states [batch, seq, dim] to one tensor of logits for
	// each of the task's heads: [batch, seq, labels] for a token task,
	// [batch, labels] for the others. mask [batch, seq] (bool) is true on real
	// tokens; nil means no padding.
	Logits(s *torchx.Scope, hidden, mask *ts.Tensor) []*ts.Tensor

	// Loss is the training loss, a scalar: the sum of the task's heads' mean
	// losses over the targets that aren't ignored. targets has one tensor for
	// each head: class ids (int64) of shape [batch·seq] for a token task,
	// [batch] for a multiclass one, or 0 and 1 (float32) of shape
	// [batch, labels]. A head whose target is nil has nothing to learn and is
	// left out; without any target Loss returns nil.
	Loss(s *torchx.Scope, logits, targets []*ts.Tensor) *ts.Tensor
}

// New adds the head's parameters to p, under the names in task, and returns
// it. They are initialised as PyTorch's nn.Linear.
func New(p torchx.Params, task tasks.Task, dim int64, dropout float64) (Head, error) {
	if len(task.Heads) == 0 {
		return nil, fmt.Errorf("task %q has no head", task.Name)
	}
	for _, h := range task.Heads {
		if len(h.Labels) == 0 {
			return nil, fmt.Errorf("task %q: head %q has no labels", task.Name, h.Name)
		}
	}
	var head Head
	switch task.Kind {
	case tasks.Token:
		head = newTokenHead(p, task, dim, dropout)
	case tasks.MultiClass, tasks.MultiLabel:
		pool, err := newPooling(p, task, dim)
		if err != nil {
			return nil, err
		}
		head = newPooledHead(p, task, dim, dropout, pool)
	default:
		return nil, fmt.Errorf("task %q: unknown kind %q", task.Name, task.Kind)
	}
	return head, p.Err()
}
