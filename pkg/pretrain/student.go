package pretrain

import (
	"fmt"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// StudentConfig is the architecture of a student of the given model type and number of
// layers, with its teacher's sizes.
func StudentConfig(teacher backbone.Config, modelType string, layers int) backbone.Config {
	c := teacher
	c.ModelType, c.Layers = modelType, int64(layers)
	switch {
	case modelType == backbone.BERT && teacher.ModelType != backbone.BERT:
		c.TypeVocabSize, c.LayerNormEps = backbone.BERTUncased().TypeVocabSize, teacher.NormEps()
	case modelType != backbone.BERT:
		c.TypeVocabSize, c.LayerNormEps = 0, 0
		c.TieWeights = true
	}
	return c
}

// Check refuses losses that aren't defined for a teacher and a student of these
// architectures. It doesn't need the teacher itself.
func (d *Distillation) Check(teacher, student backbone.Config) error {
	switch {
	case student.VocabSize != teacher.VocabSize:
		return fmt.Errorf("the teacher's vocabulary has %d tokens, but the student's %d", teacher.VocabSize, student.VocabSize)
	case d.Cosine > 0 && student.Dim != teacher.Dim:
		return fmt.Errorf("the teacher is %d wide, but the student %d: set alpha_cos to 0, and use alpha_attention and alpha_values", teacher.Dim, student.Dim)
	case d.relations() && (d.RelationHeads < 1 || student.Dim%d.RelationHeads != 0 || teacher.Dim%d.RelationHeads != 0):
		return fmt.Errorf("widths %d and %d aren't both multiples of relation_heads %d", student.Dim, teacher.Dim, d.RelationHeads)
	}
	return nil
}

// InitFrom initialises a student from its teacher's embeddings, head, and chosen layers,
// counted from 0, one for each of its own; see [backbone.InitFromLayers].
func (m *Model) InitFrom(teacher *Model, layers []int) error {
	err := backbone.InitFromLayers(m.params, teacher.params, m.Config.ModelType+".", teacher.Config.ModelType+".", m.Config, teacher.Config, layers)
	if err != nil {
		return err
	}
	head, err := checkpoint.Tensors(teacher.headParams())
	for i, p := range m.headParams() {
		if err == nil {
			err = checkpoint.Set(p, head[i])
		}
	}
	if err != nil {
		return fmt.Errorf("start a student from its teacher's head: %w", err)
	}
	return nil
}
