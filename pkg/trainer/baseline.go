package trainer

import (
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// majority always predicts each head's most frequent class and each flag's more frequent
// value in the training examples: the baseline that a model must beat.
type majority struct {
	task  tasks.Task
	heads [][]int // one class for a single-label head, one value per flag otherwise
}

func newMajority(task tasks.Task, t int, train datasets.Loader) majority {
	m := majority{task: task}
	if task.Kind == tasks.MaskedLM {
		m.heads = [][]int{{mostFrequentToken(train)}}
		return m
	}
	examples := train.Examples
	for h, head := range task.Heads {
		switch task.Kind {
		case tasks.MultiLabel:
			values := make([]int, len(head.Labels))
			for i := range values {
				yes, labelled := 0.0, 0.0
				for _, ex := range examples {
					if flag := ex.Labels[t].Flags[h][i]; flag != tasks.IgnoreClass {
						yes += float64(flag)
						labelled++
					}
				}
				values[i] = toFlag(2*yes > labelled)
			}
			m.heads = append(m.heads, values)
		default:
			counts := make([]int, len(head.Labels))
			for _, ex := range examples {
				classes := ex.Labels[t].Classes
				if task.Kind == tasks.MultiClass {
					classes = classes[h : h+1]
				}
				for _, class := range classes {
					if class >= 0 {
						counts[class]++
					}
				}
			}
			m.heads = append(m.heads, []int{slices.Index(counts, slices.Max(counts))})
		}
	}
	return m
}

// mostFrequentToken is that at the masked places.
func mostFrequentToken(train datasets.Loader) int {
	counts := map[int64]int{}
	best := int64(0)
	for _, ref := range train.Ordered() {
		for _, token := range ref.Batch().Parts[0].Targets[0].Classes {
			if token < 0 {
				continue
			}
			if counts[token]++; counts[token] > counts[best] || counts[token] == counts[best] && token < best {
				best = token
			}
		}
	}
	return int(best)
}

// predict returns predictions in the layout of scorers.
func (m majority) predict(part datasets.Part) [][]int {
	predicted := make([][]int, len(m.heads))
	for h, values := range m.heads {
		size := max(len(part.Targets[h].Classes), len(part.Targets[h].Flags))
		predicted[h] = make([]int, size)
		for i := range predicted[h] {
			predicted[h][i] = values[i%len(values)]
		}
	}
	return predicted
}

// Baseline scores the majority class of the training examples on the validation
// examples, for each of the set's tasks.
func Baseline(train, val datasets.Loader) []Scores {
	scorers := newScorers(val.Tasks)
	var guesses []majority
	for t, task := range val.Tasks {
		guesses = append(guesses, newMajority(task, t, train))
	}
	for _, ref := range val.Ordered() {
		b := ref.Batch()
		for t, part := range b.Parts {
			predicted := guesses[t].predict(part)
			scorers[t].addBoth(b, part, predicted, predicted)
		}
	}
	var list []Scores
	for _, s := range scorers {
		list = append(list, s.result())
	}
	return list
}
