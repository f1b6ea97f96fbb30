package datasets

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestShares(t *testing.T) {
	for n := 1; n <= 10; n++ {
		ref := testLoader("x", n, n).Ordered()[0]
		whole := ref.Batch()
		for size := 1; size <= 12; size++ {
			var records []int
			for rank := range size {
				b := ref.Share(rank, size)
				records = append(records, b.Records...)
				if b.Size != n/size && b.Size != n/size+1 {
					t.Errorf("rank %d of %d has %d of %d examples", rank, size, b.Size, n)
				}
				if b.Parts[0].Task != "x" {
					t.Errorf("rank %d of %d has a share of a batch of %s", rank, size, b.Name())
				}
			}
			slices.Sort(records)
			if !slices.Equal(records, whole.Records) {
				t.Errorf("%d ranks have records %v", size, records)
			}
		}
	}
}

// Ranks get about as many tokens, whatever the order.
func TestSharesAreEven(t *testing.T) {
	loader := testLoader("x", 32, 32)
	rng := rand.New(rand.NewPCG(1, 0))
	for i := range loader.Examples {
		loader.Examples[i].IDs = make([]int32, 10+rng.IntN(246))
	}
	ref := loader.Ordered()[0]
	mean := ref.Batch().Tokens / 4
	for rank := range 4 {
		if got := ref.Share(rank, 4).Tokens; got < mean*95/100 || got > mean*105/100 {
			t.Errorf("rank %d has %d tokens, want about %d", rank, got, mean)
		}
	}
}
