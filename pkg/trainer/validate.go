package trainer

import (
	"context"
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Model is what the loop trains; [fusion.Model] is one.
type Model interface {
	// Hidden runs the encoder: hidden states [batch, seq, dim] and the mask
	// [batch, seq], nil without padding.
	Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor)
	// Logits returns a tensor of logits for each head of a task.
	Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor
	// Loss is the mean loss of a task's part of a batch, a scalar; nil if there
	// is nothing to learn.
	Loss(s *torchx.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor
	// SoftLoss is Temperature²·KL(teacher ‖ student), a scalar; nil if no
	// teacher speaks of the part.
	SoftLoss(s *torchx.Scope, part datasets.Part, logits []*ts.Tensor, temperature float64) *ts.Tensor
	Params() torchx.Params
}

// flagThreshold is the probability above which a yes/no output says yes.
const flagThreshold = 0.5

// Evaluate scores the model on the examples of loaders, a task after the other.
func (t *Trainer) Evaluate(ctx context.Context, loaders []datasets.Loader) ([]Scores, error) {
	batches := 0
	for _, l := range loaders {
		batches += l.Batches()
	}
	bar := t.Console.Bar("Validating", batches)
	defer bar.Finish()
	var all []Scores
	for _, l := range loaders {
		scorers := newScorers(l.Tasks)
		for i, slot := range l.Ordered() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			b := slot.Batch()
			if err := t.score(b, scorers); err != nil {
				return nil, fmt.Errorf("batch %d (%s): %w", i+1, describe(b), explainMemory(err))
			}
			bar.step("")
		}
		for _, s := range scorers {
			all = append(all, s.result())
		}
	}
	return all, nil
}

// score runs the model on a batch without gradients, for the scorers of its
// tasks.
func (t *Trainer) score(b datasets.Batch, scorers []*taskScorer) (err error) {
	s := t.open(torchx.Inference)
	defer func() { err = s.Close() }()
	hidden, mask := t.Model.Hidden(s, b)
	for i, part := range b.Parts {
		logits := t.Model.Logits(s, part.Task, hidden, mask)
		if loss := t.Model.Loss(s, b, part, logits); loss != nil {
			scorers[i].loss.add(s.Value(loss))
		}
		predicted := decide(s, scorers[i].task, logits)
		if s.Err() != nil {
			return nil // Close returns it
		}
		scorers[i].add(b, part, predicted)
	}
	return nil
}

// decide gives the likeliest class of each row, or 0 or 1 for each flag.
func decide(s *torchx.Scope, task tasks.Task, logits []*ts.Tensor) [][]int {
	predicted := make([][]int, len(logits))
	for h, x := range logits {
		if task.Kind == tasks.MultiLabel {
			predicted[h] = flags(s.ReadFloat32(s.Sigmoid(x)))
		} else {
			predicted[h] = classes(s.ReadInt64(s.Argmax(x, -1)))
		}
	}
	return predicted
}

// open opens a scope of that kind in the run's precision.
func (t *Trainer) open(kind func(gotch.Device) *torchx.Scope) *torchx.Scope {
	s := kind(t.Model.Params().Device())
	if t.BF16 {
		s.Autocast()
	}
	return s
}

func flags(probabilities []float32) []int {
	values := make([]int, len(probabilities))
	for i, p := range probabilities {
		values[i] = toFlag(p > flagThreshold)
	}
	return values
}

func classes(ids []int64) []int {
	values := make([]int, len(ids))
	for i, id := range ids {
		values[i] = int(id)
	}
	return values
}

// average is the mean of the tasks' counting figures, which decides the best checkpoint.
func average(all []Scores) float64 {
	var m mean
	for _, s := range all {
		m.add(s.Value)
	}
	return m.value()
}
