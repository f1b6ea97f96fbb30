package metrics

import "math"

// MultilabelF1 is the F1 of yes/no outputs, averaged over them. truth and
// predicted are [records][outputs] of 0 and 1; the positive class is 1, so
// Binary means Micro. As in scikit-learn, a matrix with a single column is a list
// of the classes 0 and 1: its Micro F1 is its accuracy.
func MultilabelF1(truth, predicted [][]int, average Average) float64 {
	width, ok := sameShape(truth, predicted)
	switch {
	case !ok:
		return math.NaN()
	case width == 1:
		return F1(column(truth), column(predicted), average)
	case average == Binary:
		average = Micro
	}
	outputs := make([]Counts, width)
	for row := range truth {
		for i := range outputs {
			outputs[i].Hits += truth[row][i] & predicted[row][i]
			outputs[i].Actual += truth[row][i]
			outputs[i].Predicted += predicted[row][i]
		}
	}
	return average.Of(outputs, Counts.F1)
}

// sameShape reports whether a and b are matrices of the same shape, and returns
// its width.
func sameShape(a, b [][]int) (width int, ok bool) {
	if len(a) != len(b) {
		return 0, false
	}
	if len(a) > 0 {
		width = len(a[0])
	}
	for i := range a {
		if len(a[i]) != width || len(b[i]) != width {
			return 0, false
		}
	}
	return width, true
}

// column returns the only column of a matrix.
func column(matrix [][]int) []int {
	values := make([]int, len(matrix))
	for i, row := range matrix {
		values[i] = row[0]
	}
	return values
}
