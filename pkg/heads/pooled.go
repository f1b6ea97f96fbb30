package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// pooledHead has one linear classifier for each of the task's heads, on a pooled
// sentence vector: pooling → [Linear → ReLU →] dropout → Linear, …
type pooledHead struct {
	losses
	pooling     pooling
	pre         *torchx.Linear
	dropout     float64
	classifiers []torchx.Linear
}

func newPooledHead(p torchx.Params, task tasks.Task, dim int64, dropout float64, pool pooling) *pooledHead {
	h := &pooledHead{losses: newLosses(task), pooling: pool, dropout: dropout}
	if task.PreParam != "" {
		pre := torchx.NewLinear(p, task.PreParam, dim, dim)
		h.pre = &pre
	}
	for _, head := range task.Heads {
		h.classifiers = append(h.classifiers, torchx.NewLinear(p, head.Param, dim, int64(len(head.Labels))))
	}
	return h
}

func (h *pooledHead) Logits(s *torchx.Scope, hidden, mask *ts.Tensor) []*ts.Tensor {
	return h.classify(s, h.pooling.pool(s, hidden, mask))
}

// classify applies the classifiers to sentence vectors [batch, dim].
func (h *pooledHead) classify(s *torchx.Scope, pooled *ts.Tensor) []*ts.Tensor {
	if h.pre != nil {
		pooled = s.ReLU(s.Linear(pooled, *h.pre))
	}
	pooled = s.Dropout(pooled, h.dropout)
	logits := make([]*ts.Tensor, len(h.classifiers))
	for i, classifier := range h.classifiers {
		logits[i] = s.Linear(pooled, classifier) // [batch, labels]
	}
	return logits
}
