package nn

import (
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
)

// A Scope runs tensor operations for one step. After the first error its methods do
// nothing and return nil; Close returns that error and frees all tensors created by the
// Scope, except those passed to Keep. It must be used and closed by the goroutine that
// opened it.
type Scope = torchx.Scope

// Training opens a Scope that records gradients and applies dropout.
func Training(device gotch.Device) *Scope { return torchx.Training(device) }

// Inference opens a Scope without gradients and without dropout.
func Inference(device gotch.Device) *Scope { return torchx.Inference(device) }
