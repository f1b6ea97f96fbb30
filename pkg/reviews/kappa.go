package reviews

import "math"

// Pairs counts things that two raters labelled, by the label of the first and of the
// second.
type Pairs map[[2]string]int

// Count returns how many things there are, and how many of them have the same label from
// both.
func (p Pairs) Count() (n, same int) {
	for pair, count := range p {
		n += count
		if pair[0] == pair[1] {
			same += count
		}
	}
	return n, same
}

// Kappa returns Cohen's kappa (Cohen 1960): (o - e) / (1 - e), where o is the share of
// things with the same label, and e that share if both gave their labels at random, each
// as often as they do. 1 is full agreement, 0 what chance gives. It is NaN if there is
// nothing to compare, or if both gave one and the same label to everything.
func (p Pairs) Kappa() float64 {
	n, same := p.Count()
	first, second := map[string]int{}, map[string]int{}
	for pair, count := range p {
		first[pair[0]] += count
		second[pair[1]] += count
	}
	chance := 0 // of n²; in whole numbers, so that the order of the labels doesn't matter
	for label, count := range first {
		chance += count * second[label]
	}
	if n*n == chance {
		return math.NaN()
	}
	return float64(same*n-chance) / float64(n*n-chance)
}
