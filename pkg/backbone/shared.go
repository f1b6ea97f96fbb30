package backbone

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
)

// Activated is the encoder's activation of l applied to x, as a head of a masked language
// model has it too.
func (c Config) Activated(s *nn.Scope, x *ts.Tensor, l nn.Linear) *ts.Tensor {
	return activated(s, c.Activation, x, l)
}

// NormEps is what the encoder's LayerNorms add to a variance.
func (c Config) NormEps() float64 { return c.layerNormEps() }
