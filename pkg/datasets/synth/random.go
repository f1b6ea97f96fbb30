package synth

import "math/rand/v2"

// pick gives one element of a non-empty list, each as likely.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance is true with probability p.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// between gives a number of the closed interval [low, high].
func between(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }

// weighted gives an index with probability in proportion to its weight.
// Weights must not be negative, and at least one must be positive.
func weighted(r *rand.Rand, weights []float64) int {
	var total float64
	for _, w := range weights {
		total += w
	}
	x := r.Float64() * total
	last := 0
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		if x < w {
			return i
		}
		x -= w
		last = i
	}
	return last // only rounding leads here
}

// bell gives a number drawn from a normal distribution, cut to [low, high].
func bell(r *rand.Rand, mean, deviation float64, low, high int) int {
	// The conversion forbids a fused multiply-add, which some machines round otherwise.
	return min(max(int(mean+float64(deviation*r.NormFloat64())), low), high)
}
