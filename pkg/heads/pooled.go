package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// pooledHead puts one linear classifier for each of the task's heads on a
// pooled sentence vector: pooling → dropout → Linear, …
type pooledHead struct {
	pooling     pooling
	dropout     float64
	classifiers []torchx.Linear
	loss        lossFunc
}

func newPooledHead(p torchx.Params, task tasks.Task, dim int64, dropout float64, pool pooling) *pooledHead {
	h := &pooledHead{pooling: pool, dropout: dropout, loss: classLoss}
	if task.Kind == tasks.MultiLabel {
		h.loss = flagLoss
	}
	for _, head := range task.Heads {
		h.classifiers = append(h.classifiers, torchx.NewLinear(p, head.Param, dim, int64(len(head.Labels))))
	}
	return h
}

func (h *pooledHead) Logits(s *torchx.Scope, hidden, mask *ts.Tensor) []*ts.Tensor {
	pooled := s.Dropout(h.pooling.pool(s, hidden, mask), h.dropout) // [batch, dim]
	logits := make([]*ts.Tensor, len(h.classifiers))
	for i, classifier := range h.classifiers {
		logits[i] = s.Linear(pooled, classifier) // [batch, labels]
	}
	return logits
}

func (h *pooledHead) Loss(s *torchx.Scope, logits, targets []*ts.Tensor) *ts.Tensor {
	return sumLosses(s, h.loss, logits, targets)
}
