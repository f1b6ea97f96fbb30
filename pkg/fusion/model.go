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
	if err := m.addParts(); err != nil {
		m.Drop()
		return nil, fmt.Errorf("make model: %w", err)
	}
	return m, nil
}

func (m *Model) addParts() (err error) {
	if m.encoder, err = backbone.New(m.params.Sub("backbone"), m.Config); err != nil {
		return err
	}
	for _, task := range m.Tasks {
		if m.heads[task.Name], err = heads.New(m.params, task, m.Config.Dim, m.Config.Dropout); err != nil {
			return err
		}
	}
	return nil
}

// CountParameters returns how many scalars a model has, without making it:
// its memory is neither filled nor touched.
func CountParameters(config backbone.Config, list []tasks.Task) (int64, error) {
	m, err := build(config, list, torchx.NewParams(gotch.CPU, false))
	if err != nil {
		return 0, err
	}
	defer m.Drop()
	return m.params.Count(), nil
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

// Loss is the training loss of a batch whose logits [Model.Forward] returned,
// a scalar. It is nil, and no error, when every target of the batch is ignored:
// there is nothing to learn from it.
func (m *Model) Loss(s *torchx.Scope, logits []*ts.Tensor, b datasets.Batch) *ts.Tensor {
	if s.Err() != nil {
		return nil
	}
	targets := make([]*ts.Tensor, len(b.Targets))
	for i, t := range b.Targets {
		switch {
		case t.Valid == 0:
		case t.Flags != nil:
			targets[i] = s.Float32s(t.Flags, int64(b.Size), int64(t.Width))
		default:
			targets[i] = s.Int64s(t.Classes, int64(len(t.Classes)))
		}
	}
	return m.heads[b.Task].Loss(s, logits, targets)
}
