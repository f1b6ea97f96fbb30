package metrics

import (
	"maps"
	"math"
	"slices"
)

// Accuracy is the share of correct predictions.
func Accuracy(truth, predicted []int) float64 {
	if len(truth) != len(predicted) {
		return math.NaN()
	}
	right := 0
	for i, class := range truth {
		if predicted[i] == class {
			right++
		}
	}
	return ratio(right, len(truth))
}

// Precision is the share of a class's predictions that are correct, averaged over
// the classes present in truth or predicted.
func Precision(truth, predicted []int, average Average) float64 {
	return classScore(truth, predicted, average, Counts.Precision)
}

// Recall is the share of a class's occurrences that were found, averaged over the
// classes present in truth or predicted.
func Recall(truth, predicted []int, average Average) float64 {
	return classScore(truth, predicted, average, Counts.Recall)
}

// F1 is the harmonic mean of a class's precision and recall, averaged over the
// classes present in truth or predicted.
func F1(truth, predicted []int, average Average) float64 {
	return classScore(truth, predicted, average, Counts.F1)
}

func classScore(truth, predicted []int, average Average, score func(Counts) float64) float64 {
	if len(truth) != len(predicted) {
		return math.NaN()
	}
	byClass := countClasses(truth, predicted)
	if average == Binary {
		return score(byClass[1])
	}
	classes := make([]Counts, 0, len(byClass))
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		classes = append(classes, byClass[class])
	}
	return average.Of(classes, score)
}

func countClasses(truth, predicted []int) map[int]Counts {
	byClass := map[int]Counts{}
	for i, class := range truth {
		c := byClass[class]
		c.Actual++
		if predicted[i] == class {
			c.Hits++
		}
		byClass[class] = c
		c = byClass[predicted[i]]
		c.Predicted++
		byClass[predicted[i]] = c
	}
	return byClass
}
