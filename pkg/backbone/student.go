package backbone

import (
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/nn"
)

// InitFromLayers initialises a student from a larger encoder: the embeddings are copied, and
// layer i from the teacher's layer layers[i], counted from 0 (Sanh et al. 2019, section 3,
// take every other layer). Both have the same sizes, except for the number of layers. From
// BERT to DistilBERT the first token type embedding is added to the position embeddings,
// which gives the same sum; from DistilBERT to BERT token type embeddings are 0.
func InitFromLayers(student, teacher nn.Params, studentPrefix, teacherPrefix string, of, from Config, layers []int) error {
	if err := fitsTeacher(of, from, layers); err != nil {
		return fmt.Errorf("start an encoder from its teacher's layers: %w", err)
	}
	s := nn.Inference(student.Device())
	c := copier{s: s, student: student, teacher: teacher, to: studentPrefix, from: teacherPrefix}
	for _, name := range []string{"word_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"} {
		c.copy("embeddings."+name, "embeddings."+name)
	}
	c.positions(of, from)
	own, theirs := of.PartNames(), from.PartNames()
	for i, layer := range layers {
		for _, part := range [][2]string{
			{own.Query, theirs.Query}, {own.Key, theirs.Key}, {own.Value, theirs.Value}, {own.Out, theirs.Out},
			{own.AttentionNorm, theirs.AttentionNorm}, {own.Inner, theirs.Inner}, {own.Outer, theirs.Outer},
			{own.OutputNorm, theirs.OutputNorm},
		} {
			for _, kind := range []string{"weight", "bias"} {
				c.copy(fmt.Sprintf("%s.%d.%s.%s", own.Layers, i, part[0], kind), fmt.Sprintf("%s.%d.%s.%s", theirs.Layers, layer, part[1], kind))
			}
		}
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("start an encoder from its teacher's layers: %w", err)
	}
	return nil
}

// fitsTeacher wants sizes that allow copying.
func fitsTeacher(of, from Config, layers []int) error {
	own, theirs := of.sizeKeys(), from.sizeKeys()
	for _, size := range []struct {
		own, theirs string
		a, b        int64
	}{
		{"vocab_size", "vocab_size", of.VocabSize, from.VocabSize},
		{"max_position_embeddings", "max_position_embeddings", of.MaxPositions, from.MaxPositions},
		{own.dim, theirs.dim, of.Dim, from.Dim},
		{own.heads, theirs.heads, of.Heads, from.Heads},
		{own.hidden, theirs.hidden, of.HiddenDim, from.HiddenDim},
	} {
		if size.a != size.b {
			return fmt.Errorf("its %s is %d, but the teacher's %s %d", size.own, size.a, size.theirs, size.b)
		}
	}
	if int64(len(layers)) != of.Layers {
		return fmt.Errorf("it has %d layers, but %d of the teacher's are named (%v)", of.Layers, len(layers), layers)
	}
	for _, layer := range layers {
		if layer < 0 || int64(layer) >= from.Layers {
			return fmt.Errorf("there is no layer %d in the teacher, which has %d; they are counted from 0", layer, from.Layers)
		}
	}
	return nil
}

// copier copies parameters; it carries its first error in s.
type copier struct {
	s                *nn.Scope
	student, teacher nn.Params
	to, from         string // prefixes
}

func (c copier) copy(name, of string) { c.set(name, c.get(c.teacher, c.from+of)) }

// positions copies the embeddings of positions, and of token types.
func (c copier) positions(of, from Config) {
	const positions, types = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
	switch {
	case of.isBERT() && from.isBERT():
		if of.TypeVocabSize != from.TypeVocabSize {
			c.s.Fail(fmt.Errorf("its type_vocab_size is %d, but the teacher's %d", of.TypeVocabSize, from.TypeVocabSize))
		}
		c.copy(types, types)
	case from.isBERT():
		first := c.s.Narrow(c.get(c.teacher, c.from+types), 0, 0, 1) // [1, dim]
		c.set(positions, c.s.Add(c.get(c.teacher, c.from+positions), first))
		return
	case of.isBERT():
		c.set(types, c.s.Scale(c.get(c.student, c.to+types), 0))
	}
	c.copy(positions, positions)
}

func (c copier) get(p nn.Params, name string) *ts.Tensor {
	t, found := p.Get(name)
	if !found {
		c.s.Fail(fmt.Errorf("there is no parameter %s", name))
	}
	return t
}

func (c copier) set(name string, value *ts.Tensor) {
	into, shape := c.get(c.student, c.to+name), c.s.Shape(value)
	if c.s.Err() != nil {
		return
	}
	data, err := torchx.Bytes(value)
	if err == nil {
		err = torchx.SetBytes(into, data, gotch.Float, shape)
	}
	if err != nil {
		c.s.Fail(fmt.Errorf("parameter %s: %w", name, err))
	}
}
