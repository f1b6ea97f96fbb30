package heads

import (
	"fmt"
	"math"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// pooling reduces hidden states [batch, seq, dim] to [batch, dim] or, if each attention has
// a vector of its own, to [batch, attentions, dim].
type pooling interface {
	pool(s *torchx.Scope, hidden, mask *ts.Tensor) *ts.Tensor
	pack() error
}

func newPooling(p torchx.Params, task tasks.Task, dim int64) (pooling, error) {
	switch task.Pooling {
	case tasks.AttentionPooling, tasks.LabelAttentionPooling:
		rows := 1
		if counts := task.Attentions(); counts != nil {
			rows = sum(counts)
		}
		score := p.New(task.PoolParam+".weight", torchx.Uniform(1/math.Sqrt(float64(dim))), int64(rows), dim)
		return &attentionPooling{torchx.Linear{Weight: score}, task.Pooling == tasks.LabelAttentionPooling}, nil
	case tasks.CLSPooling:
		return clsPooling{}, nil
	}
	return nil, fmt.Errorf("task %q: unknown pooling %q", task.Name, task.Pooling)
}

// attentionPooling is a learned weighted sum of the hidden states, with weights =
// softmax over the real tokens of a linear score; or several, each for a label.
type attentionPooling struct {
	score   torchx.Linear
	byLabel bool
}

func (a *attentionPooling) pool(s *torchx.Scope, hidden, mask *ts.Tensor) *ts.Tensor {
	weights := a.weights(s, hidden, mask)
	if a.byLabel {
		return s.MatMul(s.Transpose(weights, 1, 2), hidden) // [batch, attentions, dim]
	}
	return s.Sum(s.Mul(weights, hidden), 1) // [batch, dim]
}

// scores has shape [batch, seq, attentions]. There is no bias.
func (a *attentionPooling) scores(s *torchx.Scope, hidden *ts.Tensor) *ts.Tensor {
	return s.Linear(hidden, a.score)
}

// weights has shape [batch, seq, attentions]; padding has weight 0.
func (a *attentionPooling) weights(s *torchx.Scope, hidden, mask *ts.Tensor) *ts.Tensor {
	scores := a.scores(s, hidden)
	if mask != nil {
		scores = s.MaskedFill(scores, s.Unsqueeze(s.Not(mask), -1), math.Inf(-1))
	}
	return s.Softmax(scores, 1)
}

func (a *attentionPooling) pack() error { return a.score.Pack() }

func (clsPooling) pack() error { return nil }

// clsPooling returns the hidden state of the first token, [CLS].
type clsPooling struct{}

func (clsPooling) pool(s *torchx.Scope, hidden, _ *ts.Tensor) *ts.Tensor {
	return s.Select(hidden, 1, 0) // [batch, dim]
}

// Attention returns the weights of a head's attention pooling, [batch, attentions, seq]: 0
// on padding, with the sum 1 in each row. There is one attention, or those of
// [tasks.Task.Attentions]. It is nil for a head without attention pooling. hidden and mask
// are as in [Head.Logits].
func Attention(h Head, s *nn.Scope, hidden, mask *ts.Tensor) *ts.Tensor {
	if attention, ok := attentionOf(h); ok {
		return s.Transpose(attention.weights(s, hidden, mask), 1, 2)
	}
	return nil
}

// attentionOf returns a head's attention pooling, if it has that.
func attentionOf(h Head) (a *attentionPooling, ok bool) {
	if pooled, isPooled := h.(*pooledHead); isPooled {
		a, ok = pooled.pooling.(*attentionPooling)
	}
	return a, ok
}

func sum(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}
