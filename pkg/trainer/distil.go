package trainer

import (
	"errors"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/nn"
)

// Distillation is how a task learns from its teacher, whose logits are in the examples.
// The loss is
//
//	(1-Alpha)·hard + Alpha·Temperature²·KL(teacher ‖ student) + HiddenWeight·(1-cos)
//
// (Hinton, Vinyals and Dean 2015; Sanh et al. 2019 for the last term). If Alpha and
// HiddenWeight are 0, or the batch has no teacher targets, it equals the hard loss bit
// for bit.
type Distillation struct {
	Alpha, Temperature float64
	HiddenWeight       float64 // of the cosine loss between hidden states
	Teacher            Teacher // required with HiddenWeight; must use the student's tokens
}

// Teacher is a model whose hidden states a student imitates.
type Teacher interface {
	Hidden(s *nn.Scope, b datasets.Batch) (hidden, mask *ts.Tensor)
}

// learn sets a task's total loss and its terms; some may be missing for a part of a
// batch.
func (d Distillation) learn(s *torchx.Scope, loss *partLoss, model Model, b datasets.Batch, part datasets.Part, logits []*ts.Tensor, hidden, teacher, mask *ts.Tensor) {
	loss.total = loss.hard
	if d.Alpha > 0 {
		loss.soft = model.SoftLoss(s, part, logits, d.Temperature)
		if loss.soft != nil || speaks(part) {
			loss.total = sum(s, scaled(s, loss.hard, 1-d.Alpha), scaled(s, loss.soft, d.Alpha))
		}
	}
	if d.HiddenWeight > 0 {
		loss.hidden = heads.HiddenLoss(s, hidden, teacher, mask)
		if b.Denominator != 0 {
			loss.hidden = scaled(s, loss.hidden, float64(b.Tokens)/b.Denominator)
		}
		loss.total = sum(s, loss.total, s.Scale(loss.hidden, d.HiddenWeight))
	}
}

// speaks reports whether a part, or the larger batch it belongs to, has teacher targets.
func speaks(part datasets.Part) bool {
	return slices.ContainsFunc(part.Targets, func(t datasets.Target) bool { return len(t.Soft.Rows) > 0 || t.Soft.Denominator > 0 })
}

// teacherHidden runs the teachers whose hidden states are used by the batch's tasks.
func (t *Trainer) teacherHidden(b datasets.Batch) (map[string]*ts.Tensor, error) {
	states := map[string]*ts.Tensor{}
	for _, part := range b.Parts {
		d := t.settings.Distil[part.Task]
		if d.HiddenWeight == 0 {
			continue
		}
		s := t.open(torchx.Inference)
		hidden, _ := d.Teacher.Hidden(s, b)
		if s.Err() == nil {
			states[part.Task] = s.Keep(hidden)
		}
		if err := s.Close(); err != nil {
			return nil, errors.Join(err, dropAll(states))
		}
	}
	return states, nil
}

func dropAll(tensors map[string]*ts.Tensor) error {
	var err error
	for _, tensor := range tensors {
		err = errors.Join(err, tensor.Drop())
	}
	return err
}
