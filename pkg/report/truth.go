package report

import "github.com/trident-nlp/trident/pkg/tasks"

// TrueClass returns a label's class in the form of [HeadOutputs].Truth: one that the model
// doesn't know ([tasks.UnknownClass]) comes after its labels.
func TrueClass(class int64, labels int) int {
	if class == tasks.UnknownClass {
		return labels
	}
	return int(class)
}

// TrueFlags returns the labels of yes/no outputs in the form of [HeadOutputs].Truth: 1 for
// yes, 0 for no, and [tasks.IgnoreClass] for an output without a label.
func TrueFlags(values []float32) []int {
	truth := make([]int, len(values))
	for k, value := range values {
		switch {
		case value == tasks.IgnoreClass:
			truth[k] = tasks.IgnoreClass
		case value > 0.5:
			truth[k] = 1
		}
	}
	return truth
}
