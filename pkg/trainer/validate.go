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
	// Forward returns a tensor of logits for each head of the batch's task.
	Forward(s *torchx.Scope, b datasets.Batch) []*ts.Tensor
	// Loss is the batch's mean loss, a scalar; nil if there is nothing to learn.
	Loss(s *torchx.Scope, logits []*ts.Tensor, b datasets.Batch) *ts.Tensor
	Params() torchx.Params
}

// flagThreshold is the probability above which a yes/no output says yes.
const flagThreshold = 0.5

// validate scores the model on each task's validation examples.
func (t *Trainer) validate(ctx context.Context, epoch int) ([]Scores, error) {
	batches := 0
	for _, l := range t.Val {
		batches += l.Batches()
	}
	bar := t.Console.bar("Validating", batches)
	defer bar.finish()
	var all []Scores
	for _, l := range t.Val {
		scorer := newScorer(l.Task)
		for i, slot := range l.Ordered() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			b := slot.Batch()
			predicted, err := t.predict(l.Task, b)
			if err != nil {
				return nil, fmt.Errorf("validation of epoch %d, %s batch %d: %w", epoch, l.Task.Name, i+1, err)
			}
			scorer.add(b, predicted)
			bar.step("")
		}
		all = append(all, scorer.scores())
	}
	return all, nil
}

// predict runs the model on a batch without gradients.
func (t *Trainer) predict(task tasks.Task, b datasets.Batch) (predicted [][]int, err error) {
	s := t.open(torchx.Inference)
	defer func() { err = s.Close() }()
	for _, logits := range t.Model.Forward(s, b) {
		if task.Kind == tasks.MultiLabel {
			predicted = append(predicted, flags(s.ReadFloat32(s.Sigmoid(logits))))
		} else {
			predicted = append(predicted, classes(s.ReadInt64(s.Argmax(logits, -1))))
		}
	}
	return predicted, nil
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
