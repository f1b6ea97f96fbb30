package datasets

import "github.com/trident-nlp/trident/pkg/tasks"

// Balanced returns class weights for task t's heads, one slice per head, from the
// frequencies of the labels in the examples. For classes it is scikit-learn's
// "balanced", n / (k·nᵢ), where n is the number of labelled targets, nᵢ that of class i,
// and k the number of classes that occur; for yes/no outputs it is the number of 0s per
// 1. Labels without examples have weight 1.
func Balanced(task tasks.Task, t int, examples []Example) [][]float32 {
	weights := make([][]float32, len(task.Heads))
	for h, head := range task.Heads {
		weights[h] = make([]float32, len(head.Labels))
		if task.YesNo() {
			balanceFlags(weights[h], h, t, examples)
		} else {
			balanceClasses(weights[h], task.Kind.Layout(), h, t, examples)
		}
	}
	return weights
}

func balanceClasses(weights []float32, layout tasks.Layout, h, t int, examples []Example) {
	counts := make([]int, len(weights))
	for _, ex := range examples {
		ex.Labels[t].Count(layout, h, counts)
	}
	total, present := 0, 0
	for _, n := range counts {
		total += n
		present += min(n, 1)
	}
	for i, n := range counts {
		weights[i] = 1
		if n > 0 {
			weights[i] = float32(float64(total) / float64(present*n))
		}
	}
}

func balanceFlags(weights []float32, h, t int, examples []Example) {
	for i := range weights {
		yes, no := 0, 0
		for _, ex := range examples {
			switch flag := ex.Labels[t].Flags[h][i]; {
			case flag == tasks.IgnoreClass:
			case flag > 0.5:
				yes++
			default:
				no++
			}
		}
		weights[i] = 1
		if yes > 0 && no > 0 {
			weights[i] = float32(no) / float32(yes)
		}
	}
}
