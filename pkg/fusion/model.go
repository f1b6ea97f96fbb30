// Package fusion is Trident's model: one shared encoder, one head for each
// task, routed by the batch's task; with its files and its predictions.
package fusion

import (
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Model is the encoder with the heads of its tasks.
type Model struct {
	Config  backbone.Config
	Tasks   []tasks.Task
	params  torchx.Params
	encoder *backbone.Encoder
	heads   map[string]heads.Head
}

// New makes a model with randomly initialised parameters, drawn from
// libtorch's generator in a fixed order. config.Dropout applies to the heads
// as well.
func New(config backbone.Config, list []tasks.Task, device gotch.Device) (*Model, error) {
	return build(config, list, torchx.NewParams(device, true))
}

func build(config backbone.Config, list []tasks.Task, params torchx.Params) (*Model, error) {
	m := &Model{Config: config, Tasks: list, params: params, heads: map[string]heads.Head{}}
	var err error
	if m.encoder, err = backbone.New(params.Sub("backbone"), config); err != nil {
		return nil, fmt.Errorf("make model: %w", err)
	}
	for _, task := range list {
		if m.heads[task.Name], err = heads.New(params, task, config.Dim, config.Dropout); err != nil {
			return nil, fmt.Errorf("make model: %w", err)
		}
	}
	return m, nil
}

// Params returns the parameters, named as in a checkpoint.
func (m *Model) Params() torchx.Params { return m.params }

// Drop frees the parameters. The model can't be used afterwards.
func (m *Model) Drop() { m.params.Drop() }

// Hidden runs the encoder on a batch: hidden states [batch, seq, dim] and the
// mask [batch, seq], nil if there is no padding.
func (m *Model) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	size, length := int64(b.Size), int64(b.Length)
	ids := s.Int64s(b.IDs, size, length)
	if b.Mask != nil {
		mask = s.Bools(b.Mask, size, length)
	}
	return m.encoder.Forward(s, ids, mask), mask
}

// Logits applies one task's head to what [Model.Hidden] returned: a tensor for
// each of the task's heads, [batch, seq, labels] or [batch, labels].
func (m *Model) Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor {
	head, ok := m.heads[task]
	if !ok {
		s.Fail(fmt.Errorf("the model has no task %q; it has %v", task, tasks.Names(m.Tasks)))
		return nil
	}
	return head.Logits(s, hidden, mask)
}

// Forward runs the encoder and the head of the batch's task; no other head
// runs.
func (m *Model) Forward(s *torchx.Scope, b datasets.Batch) []*ts.Tensor {
	hidden, mask := m.Hidden(s, b)
	return m.Logits(s, b.Task, hidden, mask)
}

// Loss is the batch's training loss, a scalar. It is nil, and no error, when
// every target of the batch is ignored: there is nothing to learn from it.
func (m *Model) Loss(s *torchx.Scope, logits []*ts.Tensor, b datasets.Batch) *ts.Tensor {
	targets := make([]*ts.Tensor, len(b.Targets))
	for i, t := range b.Targets {
		size := int64(b.Size)
		switch {
		case t.Valid == 0:
		case t.Flags != nil:
			targets[i] = s.Float32s(t.Flags, size, int64(t.Width))
		case len(t.Classes) == b.Size:
			targets[i] = s.Int64s(t.Classes, size)
		default:
			targets[i] = s.Int64s(t.Classes, size, int64(b.Length))
		}
	}
	return m.heads[b.Task].Loss(s, logits, targets)
}
