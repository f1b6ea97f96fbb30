package nn

import "github.com/trident-nlp/trident/internal/torchx"

// Reduction says whether a loss function returns the mean or the sum of its elements'
// losses.
type Reduction = torchx.Reduction

// The reductions.
const (
	ReduceMean Reduction = torchx.ReduceMean
	ReduceSum  Reduction = torchx.ReduceSum
)
