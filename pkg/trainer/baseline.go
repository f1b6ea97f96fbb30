package trainer

import (
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// majority predicts, whatever the text, each head's most frequent class and
// each flag's more frequent value in the training examples: what a model must
// beat to have learned anything.
type majority struct {
	task  tasks.Task
	heads [][]int // one class for a head of classes, one value for each flag
}

func newMajority(task tasks.Task, examples []datasets.Example) majority {
	m := majority{task: task}
	for h, head := range task.Heads {
		switch task.Kind {
		case tasks.MultiLabel:
			values := make([]int, len(head.Labels))
			for i := range values {
				yes := 0.0
				for _, ex := range examples {
					yes += float64(ex.Flags[h][i])
				}
				values[i] = toFlag(2*yes > float64(len(examples)))
			}
			m.heads = append(m.heads, values)
		default:
			counts := make([]int, len(head.Labels))
			for _, ex := range examples {
				classes := ex.Classes
				if task.Kind == tasks.MultiClass {
					classes = classes[h : h+1]
				}
				for _, class := range classes {
					if class >= 0 {
						counts[class]++
					}
				}
			}
			m.heads = append(m.heads, []int{argmax(counts)})
		}
	}
	return m
}

// predict has the layout that scorers take.
func (m majority) predict(b datasets.Batch) [][]int {
	predicted := make([][]int, len(m.heads))
	for h, values := range m.heads {
		size := max(len(b.Targets[h].Classes), len(b.Targets[h].Flags))
		predicted[h] = make([]int, size)
		for i := range predicted[h] {
			predicted[h][i] = values[i%len(values)]
		}
	}
	return predicted
}

func argmax(counts []int) int {
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return best
}

// Baseline scores the majority class of the training examples on the
// validation ones.
func Baseline(train, val datasets.Loader) Scores {
	guess := newMajority(train.Task, train.Examples)
	s := newScorer(val.Task)
	for _, slot := range val.Ordered() {
		b := slot.Batch()
		s.add(b, guess.predict(b))
	}
	return s.scores()
}
