package heads

import (
	"fmt"
	"math"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// SetClassWeights implements [Head].
func (l *losses) SetClassWeights(weights [][]float32) error {
	heads := l.task.Heads
	if len(weights) != len(heads) {
		return fmt.Errorf("class weights of task %q: %d lists for %d heads", l.task.Name, len(weights), len(heads))
	}
	for i, list := range weights {
		labels := heads[i].Labels
		if list != nil && len(list) != len(labels) {
			return fmt.Errorf("class weights of task %q, head %q: %d weights for %d labels", l.task.Name, heads[i].Name, len(list), len(labels))
		}
		for j, w := range list {
			if !(w > 0) || math.IsInf(float64(w), 1) { // if all classes of a batch had weight 0, its loss would be 0/0
				return fmt.Errorf("class weights of task %q, head %q: label %q weighs %v, want a positive number", l.task.Name, heads[i].Name, labels[j], w)
			}
		}
	}
	for i, list := range weights {
		l.weights[i] = slices.Clone(list)
	}
	return nil
}

// SetLabelSmoothing implements [Head].
func (l *losses) SetLabelSmoothing(smoothing float64) error {
	if !(smoothing >= 0 && smoothing < 1) {
		return fmt.Errorf("label smoothing of task %q is %v, want a number from 0 up to 1", l.task.Name, smoothing)
	}
	l.smoothing = smoothing
	return nil
}

// weight returns the class weights of head i [labels], nil if all are equal.
func (l *losses) weight(s *torchx.Scope, i int) *ts.Tensor {
	if l.weights[i] == nil {
		return nil
	}
	return s.Float32s(l.weights[i], int64(len(l.weights[i])))
}
