package torchx

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// BenchmarkSequenceAttention is DistilBERT's attention over 16 texts of 400
// tokens, forward, and forward and backward.
func BenchmarkSequenceAttention(b *testing.B) {
	const sequences, length, dim, heads = 16, 400, 768, 12
	lengths := slices.Repeat([]int64{length}, sequences)
	for _, training := range []bool{false, true} {
		b.Run(fmt.Sprintf("training=%v", training), func(b *testing.B) {
			s := open(gotch.CPU, training)
			defer s.Close()
			x := s.Float32s(waves(sequences*length*dim), sequences*length, dim)
			if training {
				if err := requireGrad(x); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				s.Block(func() *ts.Tensor {
					out := s.SequenceAttention(x, x, x, lengths, heads, 0.1)
					if training {
						s.Backward(s.Mean(out))
					}
					return x
				})
			}
			if s.Err() != nil {
				b.Fatal(s.Err())
			}
		})
	}
}
