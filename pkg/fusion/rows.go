package fusion

import (
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
)

// Rows reads what the model computed for a batch of n examples, such as the
// logits of a head: a row for each example, [seq·labels] for a token task and
// [labels] for the others. It is nil if the scope has failed; closing the scope
// returns the error.
func Rows(s *nn.Scope, x *ts.Tensor, n int) [][]float32 {
	values := s.ReadFloat32(x)
	if s.Err() != nil {
		return nil
	}
	return slices.Collect(slices.Chunk(values, len(values)/n))
}
