package pretrain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Model is an encoder with the head of a masked language model. Its parameters have the
// names of Hugging Face's class for the encoder's model type.
type Model struct {
	Config  backbone.Config
	encoder *backbone.Encoder
	head    head
	params  nn.Params
}

// New returns a model with random weights. The caller drops it.
func New(c backbone.Config, device gotch.Device) (*Model, error) {
	return build(c, nn.NewParams(device, true))
}

func build(c backbone.Config, p nn.Params) (m *Model, err error) {
	defer func() {
		if err != nil {
			p.Drop()
			err = fmt.Errorf("make a masked language model: %w", err)
		}
	}()
	c.ModelType = cmp.Or(c.ModelType, backbone.DistilBERT)
	m = &Model{Config: c, params: p}
	if m.encoder, err = backbone.New(p.Sub(c.ModelType), c); err != nil {
		return nil, err
	}
	words, _ := p.Get(wordEmbeddings(c))
	m.head = newHead(p, c, words)
	return m, p.Err()
}

// CountParameters returns how many scalars a model has, without making it.
func CountParameters(c backbone.Config) (int64, error) { return CountTrainable(c, backbone.Frozen{}) }

// Freeze freezes parts of the encoder; see [backbone.Config.Freeze]. The head's decoder is
// the word embeddings, and frozen with them.
func (m *Model) Freeze(f backbone.Frozen) error {
	return m.Config.Freeze(m.params, m.Config.ModelType+".", f)
}

// Layer returns a parameter's layer and the number of layers of the encoder: 0 is the
// embeddings, the decoder's matrix included, layers+1 the head.
func (m *Model) Layer(param string) (layer, layers int) {
	return m.Config.Layer(param, m.Config.ModelType+".")
}

// SetCheckpointing enables gradient checkpointing; see [backbone.Encoder].
func (m *Model) SetCheckpointing(on bool) { m.encoder.Checkpointing = on }

// CountTrainable returns the number of scalars that training changes in a model, without
// creating it.
func CountTrainable(c backbone.Config, f backbone.Frozen) (int64, error) {
	m, err := build(c, nn.NewParams(gotch.CPU, false))
	if err != nil {
		return 0, err
	}
	defer m.Drop()
	if err := m.Freeze(f); err != nil {
		return 0, err
	}
	return m.params.CountTrainable(), nil
}

// wordEmbeddings is the name of the matrix that encoder and head share.
func wordEmbeddings(c backbone.Config) string {
	return c.ModelType + ".embeddings.word_embeddings.weight"
}

// Params returns the parameters, named as in a checkpoint; the tied matrix stands there once.
func (m *Model) Params() nn.Params { return m.params }

// Drop frees the parameters. The model can't be used afterwards.
func (m *Model) Drop() { m.params.Drop() }

// BackwardOrder returns the parameters in the order in which a backward pass completes their
// gradients: the head's, then the encoder's from its last layer. The tied word embeddings,
// which the pass reaches first and last, are at the end. Frozen parameters are left out.
func (m *Model) BackwardOrder() []*ts.Tensor {
	var order []*ts.Tensor
	for _, p := range slices.Backward(m.params.Trainable()) {
		order = append(order, p.Tensor)
	}
	return order
}

// Hidden runs the encoder: hidden states [tokens, dim], without padding.
func (m *Model) Hidden(s *nn.Scope, t backbone.Tokens) *ts.Tensor { return m.encoder.Forward(s, t) }

// Logits applies the head to the given rows of hidden [tokens, dim], giving logits [rows,
// vocabulary]. Logits of all tokens would take too much memory.
func (m *Model) Logits(s *nn.Scope, hidden *ts.Tensor, rows []int64) *ts.Tensor {
	return s.Block(func() *ts.Tensor {
		return m.head.logits(s, s.Take(hidden, 0, s.Int64s(rows, int64(len(rows)))))
	})
}

// Projections runs the encoder as [Model.Hidden] does, and returns the last layer's queries,
// keys and values as well.
func (m *Model) Projections(s *nn.Scope, t backbone.Tokens) (*ts.Tensor, backbone.Projections) {
	return m.encoder.ForwardProjections(s, t)
}

// Question is a masked batch: the tokens that the encoder reads, the positions to predict,
// and the original ids there.
type Question struct {
	Tokens  backbone.Tokens
	Rows    []int64 // of the hidden states
	Answers []int64 // the original ids, one for each row
}

// QuestionOf strips a batch's padding. targets [Size, Length] are a [Masker]'s, and
// [tasks.IgnoreToken] on padding.
func QuestionOf(b datasets.Batch, targets []int64) Question {
	var q Question
	for row := range b.Size {
		length := int64(0)
		for i := row * b.Length; i < (row+1)*b.Length; i++ {
			if b.Mask != nil && !b.Mask[i] {
				continue
			}
			if targets[i] != tasks.IgnoreToken {
				q.Rows = append(q.Rows, int64(len(q.Tokens.IDs)))
				q.Answers = append(q.Answers, targets[i])
			}
			q.Tokens.IDs = append(q.Tokens.IDs, b.IDs[i])
			length++
		}
		q.Tokens.Lengths = append(q.Tokens.Lengths, length)
	}
	return q
}
