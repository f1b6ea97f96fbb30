package datasets

import (
	"slices"
	"testing"
)

func TestShares(t *testing.T) {
	for n := 1; n <= 10; n++ {
		slot := testLoader("x", n, n).Ordered()[0]
		whole := slot.Batch()
		for size := 1; size <= 12; size++ {
			var records []int
			for rank := range size {
				b := slot.Share(rank, size)
				records = append(records, b.Records...)
				if b.Size != n/size && b.Size != n/size+1 {
					t.Errorf("rank %d of %d has %d of %d examples", rank, size, b.Size, n)
				}
				if b.All().Size != n || b.Parts[0].Task != "x" {
					t.Errorf("rank %d of %d has a share of %d examples of %s", rank, size, b.All().Size, b.Name())
				}
			}
			if !slices.Equal(records, whole.Records) {
				t.Errorf("%d ranks have records %v", size, records)
			}
		}
	}
}
