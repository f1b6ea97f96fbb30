package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// tokenHead classifies every token: [Linear → GELU → dropout →] Linear.
type tokenHead struct {
	losses
	transform  *torchx.Linear
	classifier torchx.Linear
	dropout    float64
}

func newTokenHead(p torchx.Params, task tasks.Task, dim int64, dropout float64) *tokenHead {
	h := &tokenHead{losses: newLosses(task), dropout: dropout}
	if task.Transform != "" {
		transform := torchx.NewLinear(p, task.Transform, dim, dim)
		h.transform = &transform
	}
	h.classifier = torchx.NewLinear(p, task.Heads[0].Param, dim, int64(len(task.Heads[0].Labels)))
	return h
}

func (h *tokenHead) Pack() error {
	if h.transform != nil {
		if err := h.transform.Pack(); err != nil {
			return err
		}
	}
	return h.classifier.Pack()
}

func (h *tokenHead) Logits(s *torchx.Scope, hidden, _ *ts.Tensor) []*ts.Tensor {
	x := hidden // [batch, seq, dim]
	if h.transform != nil {
		x = s.GELU(s.Linear(x, *h.transform))
	}
	return []*ts.Tensor{s.Linear(s.Dropout(x, h.dropout), h.classifier)} // [batch, seq, labels]
}
