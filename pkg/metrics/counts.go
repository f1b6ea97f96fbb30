package metrics

// counts says how often one class was meant, said, and both at once.
type counts struct{ hits, predicted, actual int }

func (c counts) precision() float64 { return ratio(c.hits, c.predicted) }
func (c counts) recall() float64    { return ratio(c.hits, c.actual) }

// f1 is the harmonic mean of precision and recall.
func (c counts) f1() float64 { return ratio(2*c.hits, c.predicted+c.actual) }

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// sum pools the counts of several classes.
func sum(classes []counts) counts {
	var all counts
	for _, c := range classes {
		all.hits += c.hits
		all.predicted += c.predicted
		all.actual += c.actual
	}
	return all
}
