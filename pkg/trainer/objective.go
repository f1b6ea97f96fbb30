package trainer

import (
	"fmt"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Trainable is what the loop needs of a model beside its losses.
type Trainable interface {
	Params() nn.Params
	// BackwardOrder returns the parameters in the order in which backward passes
	// reach them, those that some passes don't reach at the end.
	BackwardOrder() []*ts.Tensor
	// Denominators are what the losses of a part's heads are divided by.
	Denominators(part datasets.Part) []float64
}

// Model is an encoder with heads for tasks, each trained by its own loss; [fusion.Model]
// is one.
type Model interface {
	Trainable
	// Hidden runs the encoder: hidden states [batch, seq, dim] and the mask
	// [batch, seq], nil without padding.
	Hidden(s *nn.Scope, b datasets.Batch) (hidden, mask *ts.Tensor)
	// Logits returns a tensor of logits for each head of a task.
	Logits(s *nn.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor
	// Loss is the mean loss of a task's part of a batch, a scalar; nil if there
	// is nothing to learn.
	Loss(s *nn.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor
	// SoftLoss is Temperature²·KL(teacher ‖ student), a scalar; nil if
	// the part has no teacher targets.
	SoftLoss(s *nn.Scope, part datasets.Part, logits []*ts.Tensor, temperature float64) *ts.Tensor
}

// Objective is a model that computes its own losses and predictions, such as a masked
// language model, which computes logits at some positions only. Errors are the Scope's.
type Objective interface {
	Trainable
	// Losses runs the forward pass of a training batch, and returns the loss of each
	// task that has one. Where targets have denominators, losses of the parts of a
	// batch add up to the batch's.
	Losses(s *nn.Scope, b datasets.Batch) []PartLoss
	// Predict runs the forward pass without gradients; it returns one element for each
	// task.
	Predict(s *nn.Scope, b datasets.Batch, list []tasks.Task) []Prediction
}

// Prediction is a model's output on a batch for one task.
type Prediction struct {
	Loss      *ts.Tensor // a scalar; nil if there is no label
	Predicted [][]int    // of each head: class ids in the layout of its targets, or 0 and 1 for each flag
	Answers   [][]int    // of a task whose heads follow one another: the classes that go together; otherwise nil
}

// multitask is the objective of a [Model]: one pass of the encoder, and the heads of each
// of the batch's tasks.
type multitask struct {
	Model
	distill     map[string]Distillation
	done        float64              // [StepOptions].Done
	headWeights map[string][]float64 // by task; nil: none
}

// loss is a task's loss of a batch.
func (m multitask) loss(s *nn.Scope, b datasets.Batch, part datasets.Part, hidden, teacher, mask *ts.Tensor) PartLoss {
	if part.Taught && !speaks(part) {
		return PartLoss{Task: part.Task}
	}
	logits := m.logits(s, part, hidden, mask)
	switch {
	case logits == nil:
		return PartLoss{Task: part.Task}
	case part.Taught:
		return m.taught(s, part, logits)
	}
	if m.headWeights != nil {
		return m.sumOfHeads(s, b, part, logits, hidden, teacher, mask)
	}
	loss := PartLoss{Task: part.Task, Hard: m.Loss(s, b, part, logits)}
	if d, distilled := m.teaching(part.Task); distilled {
		d.learn(s, &loss, m.Model, b, part, logits, hidden, teacher, mask)
	} else {
		loss.Total = loss.Hard
	}
	return loss
}

// Losses implements [Objective].
func (m multitask) Losses(s *nn.Scope, b datasets.Batch) (parts []PartLoss) {
	teachers := m.teacherHidden(s, b)
	defer func() {
		for _, states := range teachers { // the graph holds what the backward pass needs
			if err := states.Drop(); err != nil {
				s.Fail(err)
			}
		}
	}()
	hidden, mask := m.Hidden(s, b)
	for _, part := range b.Parts {
		if loss := m.loss(s, b, part, hidden, teachers[part.Task], mask); loss.Total != nil {
			parts = append(parts, loss)
		}
	}
	return parts
}

// logits are the model's of a task; nil after an error, which logits that don't fit the
// targets of each head are.
func (m multitask) logits(s *nn.Scope, part datasets.Part, hidden, mask *ts.Tensor) []*ts.Tensor {
	logits := m.Logits(s, part.Task, hidden, mask)
	switch {
	case s.Err() != nil:
		return nil
	case len(logits) != len(part.Targets) || slices.Contains(logits, nil):
		s.Fail(fmt.Errorf("the model must return logits for each of the %d heads of task %q; it returned %d tensors, or some that are nil", len(part.Targets), part.Task, len(logits)))
		return nil
	}
	for h, target := range part.Targets {
		shape := s.Shape(logits[h])
		rows := 1
		for _, n := range shape[:max(0, len(shape)-1)] {
			rows *= int(n)
		}
		want := len(target.Classes) + len(target.Flags)/max(1, target.Width)
		if s.Err() == nil && want > 0 && rows != want { // a head without targets is skipped
			s.Fail(fmt.Errorf("the model's logits of task %q, head %d, have shape %v for %d targets: want them to have as many rows", part.Task, h+1, shape, want))
		}
	}
	if s.Err() != nil {
		return nil
	}
	return logits
}

// Predict implements [Objective].
func (m multitask) Predict(s *nn.Scope, b datasets.Batch, list []tasks.Task) []Prediction {
	hidden, mask := m.Hidden(s, b)
	var all []Prediction
	for i, part := range b.Parts {
		logits := m.logits(s, part, hidden, mask)
		if logits == nil {
			return nil
		}
		all = append(all, Prediction{m.Loss(s, b, part, logits), decide(s, list[i], logits), answers(s, list[i], logits)})
	}
	return all
}
