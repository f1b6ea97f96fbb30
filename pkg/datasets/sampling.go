package datasets

import (
	"cmp"
	"math"
	"slices"
)

// Sampling divides an epoch's batches among the loaders. The total is about the number
// of batches of all examples; the share of loader i, with nᵢ batches, is proportional to
// nᵢ^(1/Temperature). The zero value is Temperature 1: each example once, as in the
// Python prototype. Higher temperatures make the shares more equal; with [math.Inf] they
// are equal. A loader with too few examples repeats them, shuffled again; of one with
// too many, a random part is used.
type Sampling struct {
	Temperature float64

	// Annealed lowers the exponent of nᵢ from 1 in the first epoch to 0.2 in the last
	// (Stickland and Murray 2019), whatever Temperature is; see [Sampling.At]. The total
	// is exactly the number of batches of all examples.
	Annealed bool
}

// annealedBy is how much an annealed exponent falls.
const annealedBy = 0.8

// At returns the sampling of an epoch, from 1: itself, or, if it is annealed, that with
// the exponent 1 - 0.8·(epoch-1)/(epochs-1).
func (s Sampling) At(epoch, epochs int) Sampling {
	if !s.Annealed {
		return s
	}
	exponent := 1 - annealedBy*float64(epoch-1)/float64(max(1, epochs-1))
	return Sampling{Temperature: 1 / exponent, Annealed: true}
}

// Batches returns each loader's number of batches in an epoch, at least one.
func (s Sampling) Batches(loaders []Loader) []int {
	counts := make([]int, len(loaders))
	total := 0
	for i, l := range loaders {
		counts[i] = l.Batches()
		total += counts[i]
	}
	if s.Temperature == 0 || s.Temperature == 1 {
		return counts
	}
	weights := make([]float64, len(loaders))
	var sum float64
	for i, n := range counts {
		if n == 0 {
			continue
		}
		weights[i] = math.Pow(float64(n), 1/s.Temperature)
		sum += weights[i]
	}
	for i, w := range weights {
		weights[i] = float64(total) * w / sum
	}
	if s.Annealed {
		return apportion(weights, counts)
	}
	for i, share := range weights {
		if counts[i] > 0 {
			counts[i] = max(1, int(math.Round(share)))
		}
	}
	return counts
}

// apportion rounds shares so that their sum is that of counts: down, and up where most is
// cut off (the method of largest remainders). A share of a loader with batches, which has
// a count above 0, is at least 1.
func apportion(shares []float64, counts []int) []int {
	rounded := make([]int, len(shares))
	left := 0
	var order []int
	for i, share := range shares {
		left += counts[i]
		if counts[i] > 0 {
			rounded[i] = max(1, int(share))
			left -= rounded[i]
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(shares[b]-float64(rounded[b]), shares[a]-float64(rounded[a]))
	})
	for k := 0; left > 0; k, left = k+1, left-1 {
		rounded[order[k%len(order)]]++
	}
	for ; left < 0; left++ { // shares below 1 were raised: the largest gives
		largest := slices.Index(rounded, slices.Max(rounded))
		rounded[largest]--
	}
	return rounded
}
