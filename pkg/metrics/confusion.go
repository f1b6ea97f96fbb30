package metrics

import (
	"cmp"
	"fmt"
	"slices"
)

// Confusion is a confusion matrix of counts, [truth][predicted].
type Confusion [][]int

// Pair is a true class, a different class predicted for it, and the number of
// times.
type Pair struct{ Truth, Predicted, Count int }

// NewConfusion counts the pairs of truth and predicted, whose values are below
// classes.
func NewConfusion(truth, predicted []int, classes int) (Confusion, error) {
	if len(truth) != len(predicted) {
		return nil, fmt.Errorf("confusion matrix: %d classes in the truth, %d predicted", len(truth), len(predicted))
	}
	c := make(Confusion, classes)
	for i := range c {
		c[i] = make([]int, classes)
	}
	for i, class := range truth {
		for _, value := range []int{class, predicted[i]} {
			if value < 0 || value >= classes {
				return nil, fmt.Errorf("confusion matrix: class %d isn't one of 0 to %d", value, classes-1)
			}
		}
		c[class][predicted[i]]++
	}
	return c, nil
}

// Total is the number of pairs.
func (c Confusion) Total() int {
	total := 0
	for _, row := range c {
		for _, count := range row {
			total += count
		}
	}
	return total
}

// Accuracy is the share of correct predictions.
func (c Confusion) Accuracy() float64 {
	right := 0
	for class := range c {
		right += c[class][class]
	}
	return ratio(right, c.Total())
}

// Scores returns each class's scores; those of an absent class are 0.
func (c Confusion) Scores() []Score {
	scores := make([]Score, len(c))
	for class, counts := range c.counts() {
		scores[class] = counts.Score()
	}
	return scores
}

// Average averages the scores of the classes present in the truth or the
// predictions, as [F1] does.
func (c Confusion) Average(average Average) Score {
	classes := c.counts()
	if average == Binary {
		classes = classes[min(1, len(classes)):min(2, len(classes))]
	} else {
		classes = slices.DeleteFunc(classes, func(c Counts) bool { return c.Actual+c.Predicted == 0 })
	}
	return Score{
		Precision: average.Of(classes, Counts.Precision),
		Recall:    average.Of(classes, Counts.Recall),
		F1:        average.Of(classes, Counts.F1),
		Support:   c.Total(),
		Predicted: c.Total(),
	}
}

// MostConfused lists up to limit confused pairs, most frequent first, then by
// class.
func (c Confusion) MostConfused(limit int) []Pair {
	pairs := []Pair{}
	for truth, row := range c {
		for predicted, count := range row {
			if truth != predicted && count > 0 {
				pairs = append(pairs, Pair{truth, predicted, count})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int { return cmp.Compare(b.Count, a.Count) })
	return pairs[:min(limit, len(pairs))]
}

func (c Confusion) counts() []Counts {
	classes := make([]Counts, len(c))
	for truth, row := range c {
		classes[truth].Hits = row[truth]
		for predicted, count := range row {
			classes[truth].Actual += count
			classes[predicted].Predicted += count
		}
	}
	return classes
}
