package datasets

import "math/bits"

// mt19937 is the Mersenne Twister of Matsumoto and Nishimura (1998), as in NumPy's
// RandomState.
type mt19937 struct {
	state [624]uint32
	next  int
}

// newMT19937 seeds like NumPy's RandomState(seed) for an integer: with Knuth's linear
// congruential generator.
func newMT19937(seed uint32) *mt19937 {
	r := &mt19937{next: 624}
	for i := range r.state {
		r.state[i] = seed
		seed = 1812433253*(seed^seed>>30) + uint32(i) + 1
	}
	return r
}

func (r *mt19937) uint32() uint32 {
	if r.next == len(r.state) {
		r.twist()
	}
	y := r.state[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (r *mt19937) twist() {
	n := len(r.state)
	for i := range r.state {
		y := r.state[i]&0x80000000 | r.state[(i+1)%n]&0x7fffffff
		r.state[i] = r.state[(i+397)%n] ^ y>>1 ^ (y&1)*0x9908b0df
	}
	r.next = 0
}

// upTo draws a number from 0 to limit, inclusive: as many bits as limit has, repeated
// while they exceed it.
func (r *mt19937) upTo(limit uint32) uint32 {
	mask := uint32(1)<<bits.Len32(limit) - 1
	for {
		if v := r.uint32() & mask; v <= limit {
			return v
		}
	}
}

// permutation returns the numbers below n in the order of
// RandomState.permutation(n).
func (r *mt19937) permutation(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	r.shuffle(order)
	return order
}

// shuffle reorders like RandomState.shuffle and RandomState.permutation.
func (r *mt19937) shuffle(values []int) {
	for i := len(values) - 1; i > 0; i-- {
		j := r.upTo(uint32(i))
		values[i], values[j] = values[j], values[i]
	}
}

// choice draws n of values without replacement, like RandomState.choice(values, n,
// replace=False).
func (r *mt19937) choice(values []int, n int) []int {
	chosen := r.permutation(len(values))[:n]
	for i, at := range chosen {
		chosen[i] = values[at]
	}
	return chosen
}
