package datasets

import "math"

// Sampling shares an epoch's batches out among the loaders. There are about as
// many as there are batches of all examples, loader i having a part in
// proportion to nᵢ^(1/Temperature), nᵢ its own number. The zero value is
// Temperature 1: each example once, as in the Python prototype. A high one brings the
// parts closer to each other; [math.Inf] makes them equal. What a loader lacks
// it repeats, shuffled anew; of what it has too much, a random part is used.
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
