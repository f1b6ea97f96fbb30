package metrics

// Average is how the scores of several classes become one.
type Average int

const (
	// Macro is the plain mean over the classes.
	Macro Average = iota
	// Micro is the score of the classes' pooled counts.
	Micro
	// Weighted is the mean over the classes, each counting as often as it
	// occurs in the truth.
	Weighted
	// Binary is the score of class 1 alone.
	Binary
)

// Of averages a score over classes: 0 if none of them weighs anything.
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
