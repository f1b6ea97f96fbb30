package fusion

import (
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// Freeze freezes parts of the encoder; see [backbone.Config.Freeze].
func (m *Model) Freeze(f backbone.Frozen) error {
	return m.Config.Freeze(m.params, m.EncoderName+".", f)
}

// Layer returns a parameter's layer and the number of layers of the encoder: 0 is the
// embeddings, layers+1 the heads.
func (m *Model) Layer(param string) (layer, layers int) {
	return m.Config.Layer(param, m.EncoderName+".")
}

// SetCheckpointing enables gradient checkpointing: training keeps only the input of each
// encoder layer, and the backward pass recomputes the layer. The gradients are the same,
// with less memory and about a third more computation.
func (m *Model) SetCheckpointing(on bool) { m.encoder.Checkpointing = on }

// CountTrainable returns the number of scalars that training changes in a model with that
// architecture, without creating it.
func CountTrainable(a Architecture, f backbone.Frozen) (int64, error) {
	m, err := build(a, torchx.NewParams(gotch.CPU, false))
	if err != nil {
		return 0, err
	}
	defer m.Drop()
	if err := m.Freeze(f); err != nil {
		return 0, err
	}
	return m.params.CountTrainable(), nil
}
