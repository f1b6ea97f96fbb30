package synth

import "math/rand/v2"

// pick returns a random element of a non-empty list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance returns true with probability p.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// between returns a random number in the closed interval [low, high].
func between(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }

// weighted returns an index with a probability proportional to its weight. Weights must
// not be negative, and at least one must be positive.
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
	return last // only reached by rounding
}

// bell returns a number from a normal distribution, clipped to [low, high].
func bell(r *rand.Rand, mean, deviation float64, low, high int) int {
	// The conversion prevents a fused multiply-add, which some machines round
	// differently.
	return min(max(int(mean+float64(deviation*r.NormFloat64())), low), high)
}
