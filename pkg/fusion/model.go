// Package fusion is Trident's model: one shared encoder, one head for each
// task, routed by the batch's task; with its files and its predictions.
//
// [Load] reads a model's folder, and a [Predictor] labels texts with it: that is what
// pkg/label, pkg/serve and other programs call. pkg/run makes a [Model] ([New]), gives it
// to pkg/trainer and saves it ([Save]); pkg/distill asks models as teachers. A Model calls
// pkg/backbone once for a batch, then the pkg/heads of the batch's tasks.
package fusion

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// EncoderName is what parameter names begin with in models of several tasks over DistilBERT.
const EncoderName = "backbone"

// Architecture is what a model is made of.
type Architecture struct {
	Config      backbone.Config
	EncoderName string // what the encoder's parameter names begin with; "" is EncoderName, or Hugging Face's "bert" of a BERT
	Tasks       []tasks.Task
}

// Model is the encoder with the heads of its tasks.
type Model struct {
	Architecture
	params  torchx.Params
	encoder *backbone.Encoder
	heads   map[string]heads.Head
	round   func() error // prepares the encoder for 8-bit layers, once
	fits    func() error // whether the weights can be used in bfloat16; found out once
}

// New makes a model with randomly initialised parameters, drawn from
// libtorch's generator in a fixed order. Config.Dropout applies to the heads
// as well.
func New(a Architecture, device gotch.Device) (*Model, error) {
	if err := a.checkFollows(); err != nil {
		return nil, fmt.Errorf("make model: %w", err)
	}
	return build(a, torchx.NewParams(device, true))
}

func build(a Architecture, params torchx.Params) (*Model, error) {
	if a.EncoderName == "" {
		a.EncoderName = a.defaultEncoderName()
	}
	m := &Model{Architecture: a, params: params, heads: map[string]heads.Head{}}
	if err := m.addParts(); err != nil {
		m.Drop()
		return nil, fmt.Errorf("make model: %w", err)
	}
	return m, nil
}

func (m *Model) addParts() (err error) {
	if m.encoder, err = backbone.New(m.params.Sub(m.EncoderName), m.Config); err != nil {
		return err
	}
	m.prepareOnce()
	for _, task := range m.Tasks {
		if m.heads[task.Name] != nil {
			return fmt.Errorf("two tasks are called %s", task.Name)
		}
		if m.heads[task.Name], err = heads.New(m.params, task, m.Config.Dim, m.Config.Dropout); err != nil {
			return err
		}
	}
	return nil
}

// prepareOnce forgets what was made of earlier weights.
func (m *Model) prepareOnce() {
	m.round = sync.OnceValue(m.encoder.Round)
	m.fits = sync.OnceValue(m.fitsBFloat16)
}

// fitsBFloat16 reports a parameter that would be infinite in bfloat16.
func (m *Model) fitsBFloat16() error {
	for _, p := range m.params.All() {
		tensors, err := checkpoint.Tensors([]torchx.Param{p})
		if err == nil {
			err = checkpoint.FitsBFloat16(tensors)
		}
		if err != nil {
			return fmt.Errorf("precision %s: %w; take %s", torchx.BF16, err, torchx.FP32)
		}
	}
	return nil
}

// CountParameters returns how many scalars a model has, without making it:
// its memory is neither filled nor touched.
func CountParameters(a Architecture) (int64, error) {
	m, err := build(a, torchx.NewParams(gotch.CPU, false))
	if err != nil {
		return 0, err
	}
	defer m.Drop()
	return m.params.Count(), nil
}

// Params returns the parameters, named as in a checkpoint.
func (m *Model) Params() nn.Params { return m.params }

// BackwardOrder returns the parameters in the order in which a backward pass
// reaches them: the encoder's from its last layer to its embeddings, and then those
// of the heads, of which a pass reaches but the heads of its batch. Frozen ones aren't among
// them.
func (m *Model) BackwardOrder() []*ts.Tensor {
	var order, others []*ts.Tensor
	for _, p := range slices.Backward(m.params.Trainable()) {
		if strings.HasPrefix(p.Name, m.EncoderName+".") {
			order = append(order, p.Tensor)
		} else {
			others = append(others, p.Tensor)
		}
	}
	return append(order, others...)
}

// Drop frees the parameters. The model can't be used afterwards.
func (m *Model) Drop() { m.params.Drop() }

// Inference opens a Scope for the model's predictions, with matrix products in
// that precision; "" is float32. The caller closes it.
func (m *Model) Inference(precision nn.Precision) (*nn.Scope, error) {
	prepare := map[torchx.Precision]func() error{torchx.INT8: m.round, torchx.BF16: m.fits}[precision]
	if prepare != nil {
		if err := prepare(); err != nil {
			return nil, err
		}
	}
	s := torchx.Inference(m.params.Device())
	switch precision {
	case "", torchx.FP32:
	case torchx.BF16:
		s.Autocast()
	case torchx.INT8:
		s.Int8()
	default:
		s.Fail(fmt.Errorf("precision %q: want %s, %s or %s", precision, torchx.FP32, torchx.BF16, torchx.INT8))
	}
	return s, nil
}

// Hidden runs the encoder on a batch: hidden states [batch, seq, dim], 0 on
// padding, and the mask [batch, seq], nil if there is no padding.
func (m *Model) Hidden(s *nn.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	tokens := tokensOf(b)
	hidden = m.encoder.Forward(s, tokens) // [tokens, dim]
	if b.Mask != nil {
		mask = s.Bools(b.Mask, int64(b.Size), int64(b.Length))
	}
	return s.Unpack(hidden, tokens.Lengths, int64(b.Length)), mask
}

// tokensOf strips padding.
func tokensOf(b datasets.Batch) backbone.Tokens {
	var t backbone.Tokens
	for row := range b.Size {
		length := 0
		for i := row * b.Length; i < (row+1)*b.Length; i++ {
			if b.Mask == nil || b.Mask[i] {
				t.IDs = append(t.IDs, b.IDs[i])
				length++
			}
		}
		t.Lengths = append(t.Lengths, int64(length))
	}
	return t
}

// Logits applies one task's head to what [Model.Hidden] returned: a tensor for
// each of the task's heads, [batch, seq, labels] or [batch, labels].
func (m *Model) Logits(s *nn.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor {
	head := m.head(s, task)
	if head == nil {
		return nil
	}
	return head.Logits(s, hidden, mask)
}

// head returns a task's head; nil after an error or if there is none, which is
// one.
func (m *Model) head(s *torchx.Scope, task string) heads.Head {
	head, found := m.heads[task]
	if !found {
		s.Fail(fmt.Errorf("the model has no task %q; it has %v", task, tasks.Names(m.Tasks)))
	}
	if s.Err() != nil {
		return nil
	}
	return head
}

// Loss is the training loss of one task's part of a batch, a scalar; logits are
// what [Model.Logits] returned. It is nil, and no error, when every target is
// ignored: there is nothing to learn from it. Where targets have the denominators of
// a larger batch it is what they add to its loss; so is [Model.SoftLoss].
func (m *Model) Loss(s *nn.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor {
	head := m.head(s, part.Task)
	if head == nil {
		return nil
	}
	targets := make([]heads.Target, len(part.Targets))
	for i, t := range part.Targets {
		targets[i].Denominator = t.Denominator
		switch {
		case t.Valid == 0:
		case t.Flags == nil:
			targets[i].Values = s.Int64s(t.Classes, int64(len(t.Classes)))
		default:
			targets[i].Values = s.Float32s(t.Flags, int64(b.Size), int64(t.Width))
			if t.Ignored != nil {
				targets[i].Valid = s.Float32s(weightsOf(t.Ignored), int64(b.Size), int64(t.Width))
			}
		}
	}
	return head.Loss(s, logits, targets)
}

// Denominators returns what the loss of each head of a task's part of a batch is
// divided by: the number of labels that count or, for heads of classes with class
// weights, the sum of their weights. Of a task that the model lacks, which has no loss,
// they are 0.
func (m *Model) Denominators(part datasets.Part) []float64 {
	list := make([]float64, len(part.Targets))
	head, found := m.heads[part.Task]
	if !found {
		return list
	}
	for i, t := range part.Targets {
		if t.Flags != nil {
			list[i] = float64(t.Valid)
		} else {
			list[i] = head.Denominator(i, t.Classes)
		}
	}
	return list
}

// weightsOf is 0 for what is ignored, otherwise 1.
func weightsOf(ignored []bool) []float32 {
	weights := make([]float32, len(ignored))
	for i, out := range ignored {
		if !out {
			weights[i] = 1
		}
	}
	return weights
}

// SoftLoss is the distillation loss of one task's part of a batch at a
// temperature, a scalar: how far its logits are from its teacher's. It is nil,
// and no error, when it has no teacher targets.
func (m *Model) SoftLoss(s *nn.Scope, part datasets.Part, logits []*ts.Tensor, temperature float64) *ts.Tensor {
	head := m.head(s, part.Task)
	if head == nil {
		return nil
	}
	soft := make([]heads.Soft, len(part.Targets))
	for i, t := range part.Targets {
		if rows := int64(len(t.Soft.Rows)); rows > 0 {
			soft[i].Rows = s.Int64s(t.Soft.Rows, rows)
			soft[i].Logits = s.Float32s(t.Soft.Logits, rows, int64(len(t.Soft.Logits))/rows)
			soft[i].Denominator = t.Soft.Denominator
		}
	}
	return head.SoftLoss(s, logits, soft, temperature)
}

// SetLabelSmoothing smooths the targets of all heads of classes in [Model.Loss]; see
// [heads.Head].
func (m *Model) SetLabelSmoothing(smoothing float64) error {
	for _, task := range m.Tasks {
		if err := m.heads[task.Name].SetLabelSmoothing(smoothing); err != nil {
			return err
		}
	}
	return nil
}

// SetClassWeights weighs the classes in a task's [Model.Loss]: one slice for
// each of its heads, nil where all weigh the same; see [heads.Head].
func (m *Model) SetClassWeights(task string, weights [][]float32) error {
	head, found := m.heads[task]
	if !found {
		return fmt.Errorf("class weights of task %q: the model has %v", task, tasks.Names(m.Tasks))
	}
	return head.SetClassWeights(weights)
}
