package heads

import (
	"errors"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// pooledHead has one linear classifier for each of the task's heads, on a pooled
// sentence vector: pooling → [Linear → ReLU →] dropout → Linear, … With an attention for
// each label, a classifier's row for a yes/no output has that output's vector, and a
// classifier of classes that of its head.
type pooledHead struct {
	losses
	pooling     pooling
	attentions  []int // by head; nil: all heads share a vector
	pre         *torchx.Linear
	dropout     float64
	classifiers []torchx.Linear
}

func newPooledHead(p torchx.Params, task tasks.Task, dim int64, dropout float64, pool pooling) *pooledHead {
	h := &pooledHead{losses: newLosses(task), pooling: pool, attentions: task.Attentions(), dropout: dropout}
	if task.PreParam != "" {
		pre := torchx.NewLinear(p, task.PreParam, dim, dim)
		h.pre = &pre
	}
	for _, head := range task.Heads {
		h.classifiers = append(h.classifiers, torchx.NewLinear(p, head.Param, dim, int64(len(head.Labels))))
	}
	return h
}

func (h *pooledHead) Pack() error {
	err := h.pooling.pack()
	if h.pre != nil {
		err = errors.Join(err, h.pre.Pack())
	}
	for i := range h.classifiers {
		err = errors.Join(err, h.classifiers[i].Pack())
	}
	return err
}

func (h *pooledHead) Logits(s *torchx.Scope, hidden, mask *ts.Tensor) []*ts.Tensor {
	return h.classify(s, h.pooling.pool(s, hidden, mask))
}

// classify applies the classifiers to the output of the pooling.
func (h *pooledHead) classify(s *torchx.Scope, pooled *ts.Tensor) []*ts.Tensor {
	if h.pre != nil {
		pooled = s.ReLU(s.Linear(pooled, *h.pre))
	}
	pooled = s.Dropout(pooled, h.dropout)
	logits := make([]*ts.Tensor, len(h.classifiers)) // [batch, labels]
	row := int64(0)
	for i, classifier := range h.classifiers {
		switch {
		case h.attentions == nil:
			logits[i] = s.Linear(pooled, classifier)
			continue
		case h.task.YesNo():
			vectors := s.Narrow(pooled, 1, row, int64(h.attentions[i])) // [batch, labels, dim]
			logits[i] = s.Add(s.Sum(s.Mul(vectors, classifier.Weight), 2), classifier.Bias)
		default:
			logits[i] = s.Linear(s.Select(pooled, 1, row), classifier)
		}
		row += int64(h.attentions[i])
	}
	return logits
}
