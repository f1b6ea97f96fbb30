// Package fusion is Trident's model: one shared encoder and one head per task, with its
// files and its predictions.
//
// [Load] reads a model's folder, and a [Predictor] labels texts with it: these are used
// by pkg/label, pkg/serve and other programs. pkg/run creates a [Model] ([New]), passes
// it to pkg/trainer and saves it ([Save]); pkg/distill uses models as teachers. A Model
// runs pkg/backbone once per batch, then the pkg/heads of the batch's tasks.
package fusion

import (
	"errors"
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

// EncoderName is the prefix of the encoder's parameters in multi-task models with
// DistilBERT.
const EncoderName = "backbone"

// Architecture describes a model.
type Architecture struct {
	Config      backbone.Config
	EncoderName string // prefix of the encoder's parameters; "" is EncoderName, or Hugging Face's "bert" for a BERT
	Tasks       []tasks.Task
	Windows     datasets.Windows // how it learnt to read long calls; zero: truncated
	Longest     int              // tokens of the longest text that it learnt from; 0: not known
}

// Model is the encoder with the heads of its tasks.
type Model struct {
	Architecture
	params  torchx.Params
	encoder *backbone.Encoder
	heads   map[string]heads.Head
	round   func() error // quantizes the encoder once

	packEncoderOnce, packHeadsOnce func() error // for faster products
	final                          bool         // the weights don't change but by LoadWeights: they may be packed
	fits                           func() error // reports whether the weights fit into bfloat16; computed once

	batchTokens int // see SetBatchTokens
}

// New returns a model with random parameters, drawn from libtorch's generator in a fixed
// order. Config.Dropout also applies to the heads.
func New(a Architecture, device gotch.Device) (*Model, error) {
	if err := errors.Join(a.checkFollows(), a.checkWindows()); err != nil {
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

// prepareOnce discards what was computed from earlier weights.
func (m *Model) prepareOnce() {
	m.round = sync.OnceValue(m.encoder.Round)
	m.packEncoderOnce = sync.OnceValue(m.encoder.Pack)
	m.packHeadsOnce = sync.OnceValue(m.packHeads)
	m.fits = sync.OnceValue(m.fitsBFloat16)
}

// fitsBFloat16 returns an error for a parameter that overflows in bfloat16.
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

// CountParameters returns the number of a model's scalars without initialising it: its
// memory is neither filled nor touched.
func CountParameters(a Architecture) (int64, error) { return CountTrainable(a, backbone.Frozen{}) }

// Params returns the parameters, with their names in checkpoints.
func (m *Model) Params() nn.Params { return m.params }

// BackwardOrder returns the trainable parameters in the order in which a backward pass
// reaches them: the encoder's from its last layer to its embeddings, then those of the
// heads, since a pass only reaches the heads of its batch.
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

// Inference opens a Scope for predictions, with matrix products in that precision; "" is
// float32. The caller must close it.
func (m *Model) Inference(precision nn.Precision) (*nn.Scope, error) {
	prepare := map[torchx.Precision]func() error{torchx.INT8: m.round, torchx.BF16: m.fits}[precision]
	packs := m.final && precision != torchx.BF16 && m.params.Device() == gotch.CPU
	if packs {
		if err := m.packHeadsOnce(); err != nil {
			return nil, err
		}
		if precision != torchx.INT8 {
			prepare = m.packEncoderOnce
		}
	}
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
	if packs {
		s.Packed()
	}
	return s, nil
}

func (m *Model) packHeads() error {
	for name, head := range m.heads {
		if err := head.Pack(); err != nil {
			return fmt.Errorf("heads of task %s: %w", name, err)
		}
	}
	return nil
}

// Hidden runs the encoder on a batch: hidden states [batch, seq, dim], 0 on padding, and
// the attention mask [batch, seq], nil if there is no padding. Longer examples than the
// model's Windows are read in these; see [Model.HiddenIn].
func (m *Model) Hidden(s *nn.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	return m.HiddenIn(s, b, m.Windows)
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

// Logits applies a task's heads to the output of [Model.Hidden]: one tensor per head,
// [batch, seq, labels] or [batch, labels].
func (m *Model) Logits(s *nn.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor {
	head := m.head(s, task)
	if head == nil {
		return nil
	}
	return head.Logits(s, hidden, mask)
}

// head returns a task's head; nil after an error, or if there is none, which is an
// error.
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

// Loss is the training loss of one task's part of a batch, a scalar; logits is the
// output of [Model.Logits]. It is nil, without an error, if every target is ignored. If
// targets have the denominators of a larger batch, it is their share of its loss; the
// same is true of [Model.SoftLoss].
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

// Denominators returns the divisors of the losses of a task's heads for its part of a
// batch: the number of targets that aren't ignored or, for single-label heads with class
// weights, the sum of their weights. They are 0 for a task that the model doesn't have.
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

// weightsOf returns 0 for ignored targets, otherwise 1.
func weightsOf(ignored []bool) []float32 {
	weights := make([]float32, len(ignored))
	for i, out := range ignored {
		if !out {
			weights[i] = 1
		}
	}
	return weights
}

// SoftLoss is the distillation loss of one task's part of a batch at a temperature, a
// scalar: the divergence of its logits from its teacher's. It is nil, without an error,
// if there are no teacher targets.
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

// SetLabelSmoothing sets the label smoothing of all heads of classes in [Model.Loss]; see
// [heads.Head].
func (m *Model) SetLabelSmoothing(smoothing float64) error {
	for _, task := range m.Tasks {
		if err := m.heads[task.Name].SetLabelSmoothing(smoothing); err != nil {
			return err
		}
	}
	return nil
}

// SetClassWeights sets the class weights in a task's [Model.Loss]: one slice per head,
// nil for equal weights; see [heads.Head].
func (m *Model) SetClassWeights(task string, weights [][]float32) error {
	head, found := m.heads[task]
	if !found {
		return fmt.Errorf("class weights of task %q: the model has %v", task, tasks.Names(m.Tasks))
	}
	return head.SetClassWeights(weights)
}
