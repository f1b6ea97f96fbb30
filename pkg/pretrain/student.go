package pretrain

import (
	"fmt"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// InitFrom starts a student from chosen layers of its teacher, counted from 0, one for each
// of its own, and from the teacher's embeddings and head: see [backbone.InitFromLayers].
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
