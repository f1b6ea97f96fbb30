package trainer

import (
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

	// AnnealingRatio above 0 makes the teacher's weight fall linearly from Alpha at the
	// first step to 0 after this share of the run's steps, and stay there; see
	// [StepOptions].Done. 0: it is Alpha throughout.
	AnnealingRatio float64

	// SoftWeight is that of Temperature²·KL(teacher ‖ student), the whole loss, for
	// examples that have no labels of the task; see [datasets.Loader].Taught. It isn't
	// annealed: nothing else teaches them.
	SoftWeight float64
}

// Teacher is a model whose hidden states a student imitates.
type Teacher interface {
	Hidden(s *nn.Scope, b datasets.Batch) (hidden, mask *ts.Tensor)
}

// learn sets a task's total loss and its terms; some may be missing for a part of a
// batch.
func (d Distillation) learn(s *torchx.Scope, loss *PartLoss, model Model, b datasets.Batch, part datasets.Part, logits []*ts.Tensor, hidden, teacher, mask *ts.Tensor) {
	loss.Total = loss.Hard
	if d.Alpha > 0 {
		loss.Soft = model.SoftLoss(s, part, logits, d.Temperature)
		if loss.Soft != nil || speaks(part) {
			loss.Total = sum(s, scaled(s, loss.Hard, 1-d.Alpha), scaled(s, loss.Soft, d.Alpha))
		}
	}
	if d.HiddenWeight > 0 {
		loss.Hidden = heads.HiddenLoss(s, hidden, teacher, mask)
		if b.Denominator != 0 {
			loss.Hidden = scaled(s, loss.Hidden, float64(b.Tokens)/b.Denominator)
		}
		loss.Total = sum(s, loss.Total, s.Scale(loss.Hidden, d.HiddenWeight))
	}
}

// taught is the loss of a part without labels.
func (m multitask) taught(s *torchx.Scope, part datasets.Part, logits []*ts.Tensor) PartLoss {
	loss := PartLoss{Task: part.Task}
	d := m.distill[part.Task]
	if m.headWeights == nil {
		loss.Taught = m.SoftLoss(s, part, logits, d.Temperature)
		loss.Total = scaled(s, loss.Taught, d.SoftWeight)
		return loss
	}
	for h, weight := range m.headWeights[part.Task] {
		own := m.SoftLoss(s, onlyHead(part, h), logits, d.Temperature)
		loss.Taught = sum(s, loss.Taught, own)
		loss.Weighted = sum(s, loss.Weighted, scaled(s, own, weight*d.SoftWeight))
	}
	loss.Total = scaled(s, loss.Taught, d.SoftWeight)
	return loss
}

// speaks reports whether a part, or the larger batch it belongs to, has teacher targets.
func speaks(part datasets.Part) bool {
	return slices.ContainsFunc(part.Targets, func(t datasets.Target) bool { return len(t.Soft.Rows) > 0 || t.Soft.Denominator > 0 })
}

// teacherHidden runs the teachers of a batch's tasks whose hidden states count, and
// returns these, by task. The caller drops them. An error is in s. Like all of a nested
// Scope they are computed in the precision of s.
func (m multitask) teacherHidden(s *torchx.Scope, b datasets.Batch) map[string]*ts.Tensor {
	states := map[string]*ts.Tensor{}
	for _, part := range b.Parts {
		d := m.distill[part.Task]
		if d.HiddenWeight == 0 || part.Taught || s.Err() != nil {
			continue
		}
		inner := torchx.Inference(s.Device())
		hidden, _ := d.Teacher.Hidden(inner, b)
		if inner.Err() == nil {
			states[part.Task] = inner.Keep(hidden)
		}
		if err := inner.Close(); err != nil {
			s.Fail(err)
		}
	}
	return states
}
