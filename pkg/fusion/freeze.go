package fusion

import (
	"fmt"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// Frozen says which of an encoder's parameters training leaves as they are. The zero value
// leaves none.
type Frozen struct {
	Embeddings bool
	Layers     int64 // the first ones, which are nearest to the embeddings
}

// Freeze makes parameters constants: training computes no gradients of them and keeps no
// optimiser's state for them. It is for a model before it is trained.
func (m *Model) Freeze(f Frozen) error {
	if f.Layers < 0 || f.Layers > m.Config.Layers {
		return fmt.Errorf("freeze %d layers: the encoder has %d", f.Layers, m.Config.Layers)
	}
	return m.params.Freeze(func(name string) bool {
		layer, layers := m.Layer(name)
		return layer == 0 && f.Embeddings || layer > 0 && layer <= int(f.Layers) && layer <= layers
	})
}

// Layer says in which of how many layers of the encoder a parameter is: 0 is the
// embeddings, layers+1 the heads.
func (m *Model) Layer(param string) (layer, layers int) {
	layers = int(m.Config.Layers)
	name, within := strings.CutPrefix(param, m.EncoderName+".")
	if !within {
		return layers + 1, layers
	}
	return backbone.Layer(name), layers
}

// SetCheckpointing makes training compute the encoder's layers a second time in the
// backward pass instead of keeping what they compute (gradient checkpointing): what is learnt
// is the same, with less memory and a third more work.
func (m *Model) SetCheckpointing(on bool) { m.encoder.Checkpointing = on }

// CountTrainable returns how many scalars training changes in a model with that
// architecture, without making it.
func CountTrainable(a Architecture, f Frozen) (int64, error) {
	m, err := build(a, torchx.NewParams(gotch.CPU, false))
	if err != nil {
		return 0, err
	}
	defer m.Drop()
	if err := m.Freeze(f); err != nil {
		return 0, err
	}
	var n int64
	for _, p := range m.params.Trainable() {
		n += int64(p.Tensor.Numel())
	}
	return n, nil
}
