package fusion

import (
	"fmt"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// Frozen says which of an encoder's parameters aren't trained. The zero value freezes none.
type Frozen struct {
	Embeddings bool
	Layers     int64 // number of layers, from the embeddings upwards
}

// Freeze makes parameters constants: training computes no gradients and keeps no optimiser
// state for them. Call it before making a trainer.
func (m *Model) Freeze(f Frozen) error {
	if f.Layers < 0 || f.Layers > m.Config.Layers {
		return fmt.Errorf("freeze %d layers: the encoder has %d", f.Layers, m.Config.Layers)
	}
	return m.params.Freeze(func(name string) bool {
		layer, layers := m.Layer(name)
		return layer == 0 && f.Embeddings || layer > 0 && layer <= int(f.Layers) && layer <= layers
	})
}

// Layer returns the encoder layer that a parameter belongs to and the number of layers: 0
// means the embeddings, layers+1 the heads.
func (m *Model) Layer(param string) (layer, layers int) {
	layers = int(m.Config.Layers)
	name, within := strings.CutPrefix(param, m.EncoderName+".")
	if !within {
		return layers + 1, layers
	}
	return backbone.Layer(name), layers
}

// SetCheckpointing turns gradient checkpointing on or off: with it, training recomputes the
// encoder's layers in the backward pass instead of storing their activations. Results are
// identical; it takes less memory and a third more computation.
func (m *Model) SetCheckpointing(on bool) { m.encoder.Checkpointing = on }

// CountTrainable returns the number of trainable scalars in a model of that architecture,
// without creating it.
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
