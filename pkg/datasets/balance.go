package datasets

import "github.com/trident-nlp/trident/pkg/tasks"

// Balanced weighs the labels of task t's heads by how rare they are in the
// examples, one slice a head. For classes it is scikit-learn's "balanced",
// n / (k·nᵢ), of n labelled targets of which nᵢ are of class i, over the k
// classes that there are; for yes/no outputs the number of 0s for each 1.
// Labels without examples weigh 1.
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
