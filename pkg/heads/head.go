// Package heads maps an encoder's hidden states to a task's logits and losses. There are
// two kinds of head: for tokens, and for a pooled sentence vector; the [tasks.Task]
// determines which one is used.
//
// pkg/fusion creates the heads of a model ([New]) and calls them with the hidden states
// of its encoder. Programs that use a model don't need this package.
package heads

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// A Head contains all layers of one task above the encoder.
type Head interface {
	// Pack packs the linear layers for a Scope's [torchx.Scope.Packed].
	Pack() error

	// Logits maps hidden states [batch, seq, dim] to one tensor of logits for each of
	// the task's heads: [batch, seq, labels] for a token task, [batch, labels] for the
	// others. mask [batch, seq] (bool) is true on real tokens; nil means no padding.
	Logits(s *nn.Scope, hidden, mask *ts.Tensor) []*ts.Tensor

	// Loss is the training loss, a scalar: the sum of the mean losses of the task's
	// heads over the targets that aren't ignored. targets has one element per head. A
	// head without a target is skipped; without any target Loss returns nil.
	Loss(s *nn.Scope, logits []*ts.Tensor, targets []Target) *ts.Tensor

	// SoftLoss is the distillation loss, a scalar: the sum of T²·KL(teacher ‖ student)
	// over the task's heads, with logits divided by the temperature T > 0. It is a mean
	// over rows for single-label heads and over all outputs for yes/no heads. teacher
	// has one element per head and gets no gradient. A head without teacher targets is
	// skipped; if all are, SoftLoss returns nil.
	SoftLoss(s *nn.Scope, logits []*ts.Tensor, teacher []Soft, temperature float64) *ts.Tensor

	// SetClassWeights sets the weights of the labels in Loss: one positive number for
	// each label of each head, nil for a head with equal weights. For token and
	// multiclass tasks the mean over targets becomes the weighted mean Σ w·loss / Σ w,
	// where w is the weight of the target's class; for multilabel tasks the weight
	// multiplies the loss of an output whose target is 1. These are weight of PyTorch's
	// CrossEntropyLoss and pos_weight of its BCEWithLogitsLoss. After an error the
	// weights are unchanged.
	SetClassWeights(weights [][]float32) error

	// SetLabelSmoothing sets the fraction of each target in Loss that all classes of a
	// head share: label_smoothing of PyTorch's CrossEntropyLoss. Yes/no heads aren't
	// smoothed, since PyTorch's BCEWithLogitsLoss has no smoothing.
	SetLabelSmoothing(smoothing float64) error

	// Denominator is the divisor of the sum of a head's losses over classes, [batch·seq]
	// for a token task and [batch] for a multiclass one: the number of classes that
	// aren't ignored or, with class weights, the sum of their weights. For a head of
	// yes/no outputs it is the number of outputs that aren't ignored, regardless of
	// weights, which the caller knows.
	Denominator(head int, classes []int64) float64
}

// New adds the head's parameters to p, under the names in task, and returns the head.
// They are initialised like PyTorch's nn.Linear.
func New(p nn.Params, task tasks.Task, dim int64, dropout float64) (Head, error) {
	if len(task.Heads) == 0 {
		return nil, fmt.Errorf("task %q has no head", task.Name)
	}
	for _, h := range task.Heads {
		if len(h.Labels) == 0 {
			return nil, fmt.Errorf("task %q: head %q has no labels", task.Name, h.Name)
		}
	}
	var head Head
	switch {
	case !task.Kind.Known():
		return nil, fmt.Errorf("task %q: unknown kind %q", task.Name, task.Kind)
	case task.PerToken():
		head = newTokenHead(p, task, dim, dropout)
	default:
		pool, err := newPooling(p, task, dim)
		if err != nil {
			return nil, err
		}
		head = newPooledHead(p, task, dim, dropout, pool)
	}
	return head, p.Err()
}
