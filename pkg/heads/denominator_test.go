package heads_test

import (
	"math"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// With the denominators of a batch the losses of its rows add up to its loss.
func TestDenominators(t *testing.T) {
	logits := []float32{0.5, -1, 2, 0, 1, 0.25, -0.5, 3}
	flags, valid := []float32{1, 0, 0, 1, 1, 1, 0, 0}, []float32{1, 1, 1, 0, 1, 1, 0, 0}
	classes := func(s *torchx.Scope, ids []int64, first, last int64) heads.Target {
		return heads.Target{Values: s.Int64s(ids[first:last], last-first)}
	}
	for name, test := range map[string]struct {
		task        tasks.Task
		weights     []float32
		ids         []int64 // nil: flags
		denominator float64
	}{
		"tokens":   {tasks.Task{Kind: tasks.Token, Heads: headsOf(2)}, []float32{1, 3}, []int64{1, -100, 0, 1}, 7},
		"classes":  {tasks.Task{Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: headsOf(2)}, nil, []int64{1, 0, -1, 1}, 3},
		"weighted": {tasks.Task{Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: headsOf(2)}, []float32{0.5, 2}, []int64{1, 0, -1, 1}, 4.5},
		"flags":    {tasks.Task{Kind: tasks.MultiLabel, Pooling: tasks.CLSPooling, Heads: headsOf(2)}, []float32{1, 4}, nil, 5},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHead(t, test.task)
			if err := h.SetClassWeights([][]float32{test.weights}); err != nil {
				t.Fatal(err)
			}
			if got := h.Denominator(0, test.ids); test.ids != nil && got != test.denominator {
				t.Errorf("the denominator is %v, want %v", got, test.denominator)
			}
			s := torchx.Inference(gotch.CPU)
			defer closeScope(t, s)
			loss := func(first, last int64, denominator float64) float64 { // of these rows
				shape := []int64{last - first, 2}
				var target heads.Target
				if test.ids != nil {
					target = classes(s, test.ids, first, last)
				} else {
					target.Values = s.Float32s(flags[2*first:2*last], shape...)
					target.Valid = s.Float32s(valid[2*first:2*last], shape...)
				}
				target.Denominator = denominator
				return s.Value(h.Loss(s, []*ts.Tensor{s.Float32s(logits[2*first:2*last], shape...)}, []heads.Target{target}))
			}
			whole, sum := loss(0, 4, 0), 0.0
			for row := range int64(4) {
				sum += loss(row, row+1, test.denominator)
			}
			if !(whole > 0.1) || math.Abs(sum-whole) > 1e-6 {
				t.Errorf("the rows' losses add up to %v, the batch's is %v", sum, whole)
			}
		})
	}
}
