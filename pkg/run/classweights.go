package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// weighClasses sets the model's class weights according to the configuration.
func weighClasses(m *fusion.Model, asked map[string]config.ClassWeights, sources []source) error {
	for _, s := range sources {
		for t, task := range s.set.Tasks {
			weights, err := classWeights(asked, task, t, s.split.Train)
			if err != nil {
				return fmt.Errorf("training.class_weights: %w", err)
			}
			if weights == nil {
				continue
			}
			if err := m.SetClassWeights(task.Name, weights); err != nil {
				return err
			}
		}
	}
	return nil
}

// classWeights returns the weights of a task's heads, nil if none are configured.
// Settings of a head take precedence over those of its task.
func classWeights(asked map[string]config.ClassWeights, task tasks.Task, t int, examples []datasets.Example) ([][]float32, error) {
	weights := make([][]float32, len(task.Heads))
	found := false
	for _, key := range slices.Sorted(maps.Keys(asked)) { // "cls" before "cls/sub"
		name, head, ofHead := strings.Cut(key, "/")
		if name != task.Name {
			continue
		}
		heads := task.Heads
		if ofHead {
			h := slices.IndexFunc(heads, func(h tasks.Head) bool { return h.Name == head })
			if h < 0 {
				return nil, fmt.Errorf("%s: task %s has no head %q", key, name, head)
			}
			heads = heads[h : h+1]
		}
		var balanced [][]float32
		if asked[key].Balanced {
			balanced = datasets.Balanced(task, t, examples)
		}
		for _, head := range heads {
			h := slices.IndexFunc(task.Heads, func(other tasks.Head) bool { return other.Name == head.Name })
			if balanced != nil {
				weights[h] = balanced[h]
			} else {
				var err error
				if weights[h], err = given(head, asked[key].ByLabel, len(heads) > 1); err != nil {
					return nil, fmt.Errorf("%s: %w", key, err)
				}
			}
			found = true
		}
	}
	if !found {
		return nil, nil
	}
	return weights, nil
}

// given returns weights by label; labels that aren't listed have weight 1. With several
// heads, each has only some of the labels.
func given(head tasks.Head, byLabel map[string]float64, some bool) ([]float32, error) {
	weights := make([]float32, len(head.Labels))
	for i, label := range head.Labels {
		weights[i] = 1
		if w, set := byLabel[label]; set {
			weights[i] = float32(w)
		}
	}
	for label := range byLabel {
		if !some && !slices.Contains(head.Labels, label) {
			return nil, fmt.Errorf("head %s has no label %q", head.Name, label)
		}
	}
	return weights, nil
}
