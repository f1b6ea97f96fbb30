package metrics

// Average is a way to combine the scores of several classes.
type Average int

const (
	// Macro is the plain mean over the classes.
	Macro Average = iota
	// Micro is the score of the classes' pooled counts.
	Micro
	// Weighted is the mean over the classes, weighted by their number of
	// occurrences in the truth.
	Weighted
	// Binary is the score of class 1 alone.
	Binary
)

// Of averages a score over classes: 0 if their total weight is 0.
func (a Average) Of(classes []Counts, score func(Counts) float64) float64 {
	if a == Micro {
		return score(sum(classes))
	}
	var total, weights float64
	for _, c := range classes {
		weight := 1.0
		if a == Weighted {
			weight = float64(c.Actual)
		}
		total += weight * score(c)
		weights += weight
	}
	if weights == 0 {
		return 0
	}
	return total / weights
}
