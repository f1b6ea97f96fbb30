package metrics

// Counts is how often something was predicted, was true, and both at once. All
// scores are ratios of such counts; counts of parts of the data can be added.
type Counts struct{ Hits, Predicted, Actual int }

// Score holds the scores of one label's entities, of one class, or of all.
type Score struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   int     `json:"support"`   // occurrences in the truth
	Predicted int     `json:"predicted"` // occurrences in the predictions
}

// Add returns the sum of both counts.
func (c Counts) Add(other Counts) Counts {
	return Counts{c.Hits + other.Hits, c.Predicted + other.Predicted, c.Actual + other.Actual}
}

// Precision is the share of predictions that are true.
func (c Counts) Precision() float64 { return ratio(c.Hits, c.Predicted) }

// Recall is the share of true occurrences that were predicted.
func (c Counts) Recall() float64 { return ratio(c.Hits, c.Actual) }

// F1 is the harmonic mean of precision and recall.
func (c Counts) F1() float64 { return ratio(2*c.Hits, c.Predicted+c.Actual) }

// Score returns precision, recall and F1, with their counts.
func (c Counts) Score() Score {
	return Score{Precision: c.Precision(), Recall: c.Recall(), F1: c.F1(), Support: c.Actual, Predicted: c.Predicted}
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// sum pools the counts of several classes.
func sum(classes []Counts) Counts {
	var all Counts
	for _, c := range classes {
		all = all.Add(c)
	}
	return all
}
