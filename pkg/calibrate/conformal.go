package calibrate

import (
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
)

// Coverages are the shares of calls in which a set of labels is to hold the right one.
func Coverages() []float64 { return []float64{0.9, 0.95} }

// Set says which labels a set holds: those whose probability is at least 1 - Score.
type Set struct {
	Coverage float64 `json:"coverage"` // wished share of calls whose set holds the right label
	Score    float64 `json:"score"`    // the highest 1 - probability of a label in the set
	// Measured and Size are the share of held-out records whose set holds the right label,
	// and the mean number of labels in a set, each measured on the half of the records
	// that the score wasn't fitted on.
	Measured float64 `json:"measured"`
	Size     float64 `json:"size"`
}

// rank returns ceil((n+1)·share): the rank among n scores that a new one is at most equal
// to with at least that probability, if it is at most n.
func rank(n int, share float64) int { return int(math.Ceil(float64(n+1)*share - 1e-9)) }

// Quantile returns the ceil((n+1)·coverage)-th smallest of n scores: a new score, drawn as
// they were, is at most this with a probability of at least coverage. ok is false if there
// are too few scores for that, or too many are infinite.
func Quantile(scores []float64, coverage float64) (q float64, ok bool) {
	k := rank(len(scores), coverage)
	if k > len(scores) {
		return 0, false
	}
	q = slices.Sorted(slices.Values(scores))[k-1]
	return q, !math.IsInf(q, 1)
}

// scores returns 1 - the true label's probability for each labelled row; infinity for a
// label that the model doesn't know.
func (o Outputs) scores(t float64) []float64 {
	var list []float64
	for i := range o.rows() {
		switch truth := o.Truth[i]; {
		case truth == o.Labels:
			list = append(list, math.Inf(1))
		case truth >= 0:
			list = append(list, 1-float64(Softmax(o.row(i), t)[truth]))
		}
	}
	return list
}

// Classes returns the classes in the set, by class: those whose probability is high
// enough, and at least the most likely one.
func (s Set) Classes(probabilities []float32) []int {
	var list []int
	for class, p := range probabilities {
		if 1-float64(p) <= s.Score {
			list = append(list, class)
		}
	}
	if list == nil {
		list = []int{numbers.Argmax(probabilities)}
	}
	return list
}

// hits returns on how many of the labelled rows the set holds the right label, the total of
// the sets' sizes, and the number of labelled rows.
func (s Set) hits(o Outputs, t float64) (hits, size, rows int) {
	for i := range o.rows() {
		if o.Truth[i] < 0 {
			continue
		}
		classes := s.Classes(Softmax(o.row(i), t))
		rows++
		size += len(classes)
		if slices.Contains(classes, o.Truth[i]) {
			hits++
		}
	}
	return hits, size, rows
}
