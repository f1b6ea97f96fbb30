package serve

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPick(t *testing.T) {
	for name, test := range map[string]struct {
		lengths      []int
		size, tokens int
		want         []int // the chosen, in order of arrival
	}{
		"none":                      {nil, 4, 100, nil},
		"one":                       {[]int{10}, 4, 100, []int{0}},
		"one that is too long":      {[]int{500, 10}, 4, 100, []int{0}},
		"all":                       {[]int{10, 20, 30}, 4, 100, []int{0, 1, 2}},
		"no more than size":         {[]int{10, 10, 10}, 2, 100, []int{0, 1}},
		"padding counts":            {[]int{10, 60, 10, 10}, 9, 100, []int{0, 2, 3}},
		"the nearest in length":     {[]int{20, 90, 5, 22, 21}, 3, 100, []int{0, 3, 4}},
		"shorter ones fill a batch": {[]int{50, 3, 4}, 9, 100, []int{0, 2}},
		"the far ones are not seen": {[]int{10, 390, 10, 10}, 9, 100, []int{0}},
	} {
		got := pick(test.lengths, test.size, test.tokens)
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// TestPickAll: whatever waits is taken in the end, each once, in batches that
// keep to the bounds and hold the oldest.
func TestPickAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		size, tokens := 1+rng.IntN(8), 1+rng.IntN(300)
		var waiting []int
		for range rng.IntN(40) {
			waiting = append(waiting, 2+rng.IntN(100))
		}
		for len(waiting) > 0 {
			chosen := pick(waiting, size, tokens)
			longest := 0
			for _, i := range chosen {
				longest = max(longest, waiting[i])
			}
			if !slices.Contains(chosen, 0) || len(chosen) > size || len(chosen) > 1 && longest*len(chosen) > tokens {
				t.Fatalf("of %v, at most %d with %d tokens: %v", waiting, size, tokens, chosen)
			}
			var rest []int
			for i, n := range waiting {
				if !slices.Contains(chosen, i) {
					rest = append(rest, n)
				}
			}
			if len(rest) != len(waiting)-len(chosen) {
				t.Fatalf("of %v: %v holds one twice", waiting, chosen)
			}
			waiting = rest
		}
	}
}
