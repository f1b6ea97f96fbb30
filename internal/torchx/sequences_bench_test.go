package torchx

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// BenchmarkSequenceAttention is attention over 16 texts of 400 tokens, forward, and
// forward and backward, with heads as wide as BERT's, MiniLM's and a TinyBERT's.
func BenchmarkSequenceAttention(b *testing.B) {
	for _, width := range []int64{64, 32, 26} {
		benchmarkSequenceAttention(b, width)
	}
}

func benchmarkSequenceAttention(b *testing.B, width int64) {
	const sequences, length, heads = 16, 400, 12
	dim := heads * width
	lengths := slices.Repeat([]int64{length}, sequences)
	for _, training := range []bool{false, true} {
		b.Run(fmt.Sprintf("width=%d/training=%v", width, training), func(b *testing.B) {
			s := open(gotch.CPU, training)
			defer s.Close()
			x := s.Float32s(waves(int(sequences*length*dim)), sequences*length, dim)
			if training {
				if err := requireGrad(x, true); err != nil {
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
