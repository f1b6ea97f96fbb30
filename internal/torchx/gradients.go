package torchx

import (
	"math"

	"github.com/sugarme/gotch/ts"
)

// Gradients are gradients that were taken from parameters, in their order; nil where
// there was none.
type Gradients []*ts.Tensor

// TakeGradients removes the gradients of params and returns them; nothing is copied. The
// caller passes them to [Gradients.AddTo], or drops them.
func TakeGradients(params []*ts.Tensor) (Gradients, error) {
	taken := make(Gradients, len(params))
	for i, p := range params {
		var err error
		if taken[i], err = gradientOf(p); err != nil {
			taken.Drop()
			return nil, err
		}
	}
	return taken, zeroGrad(params)
}

// AddTo adds the gradients to those of params, the parameters that they were taken from,
// and frees them.
func (g Gradients) AddTo(params []*ts.Tensor) error {
	defer g.Drop()
	for i, gradient := range g {
		if gradient == nil {
			continue
		}
		if err := backwardFrom(params[i], gradient); err != nil {
			return err
		}
	}
	return nil
}

// Drop frees the gradients.
func (g Gradients) Drop() {
	for _, gradient := range g {
		if gradient != nil {
			drop(gradient)
		}
	}
}

// GradNorm returns the joint 2-norm of the parameters' gradients, 0 if they have none.
func GradNorm(params []*ts.Tensor) (float64, error) { return clipGradNorm(params, math.Inf(1)) }

// ClipGradNorm is [AdamW.ClipGradNorm] for some parameters.
func ClipGradNorm(params []*ts.Tensor, maxNorm float64) (float64, error) {
	return clipGradNorm(params, maxNorm)
}
