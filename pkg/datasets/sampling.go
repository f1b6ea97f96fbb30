package datasets

import "math"

// Sampling divides an epoch's batches among the loaders. The total is about the number
// of batches of all examples; the share of loader i, with nᵢ batches, is proportional to
// nᵢ^(1/Temperature). The zero value is Temperature 1: each example once, as in the
// Python prototype. Higher temperatures make the shares more equal; with [math.Inf] they
// are equal. A loader with too few examples repeats them, shuffled again; of one with
// too many, a random part is used.
type Sampling struct{ Temperature float64 }

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
		if counts[i] > 0 {
			counts[i] = max(1, int(math.Round(float64(total)*w/sum)))
		}
	}
	return counts
}
