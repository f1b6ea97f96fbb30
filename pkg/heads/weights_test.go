package heads_test

import (
	"math"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// value is the loss of a case's head with the given class weights, after change
// has had its way with the targets.
func (g golden) value(t *testing.T, h heads.Head, weights [][]float32, change func(s *torchx.Scope, targets []heads.Target)) float64 {
	t.Helper()
	if err := h.SetClassWeights(weights); err != nil {
		t.Fatal(err)
	}
	s := torchx.Inference(gotch.CPU)
	defer closeScope(t, s)
	targets := g.targets(s)
	if change != nil {
		change(s, targets)
	}
	hidden, mask := g.hidden(s)
	return s.Value(h.Loss(s, h.Logits(s, hidden, mask), targets))
}

// equalWeights gives all labels of a task one weight.
func equalWeights(task tasks.Task, weight float32) [][]float32 {
	var list [][]float32
	for _, head := range task.Heads {
		list = append(list, slices.Repeat([]float32{weight}, len(head.Labels)))
	}
	return list
}

func TestClassWeights(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		h, _ := g.head(t, 0)
		plain := g.value(t, h, make([][]float32, len(g.task.Heads)), nil)
		if equal := g.value(t, h, equalWeights(g.task, 1), nil); math.Abs(equal-plain) > 1e-6 {
			t.Errorf("loss %v if all classes weigh 1, %v without weights", equal, plain)
		}
		double := g.value(t, h, equalWeights(g.task, 2), nil)
		if scaled := math.Abs(double-plain) > 1e-3; scaled != (g.task.Kind == tasks.MultiLabel) {
			t.Errorf("loss %v if all classes weigh 2, %v without weights", double, plain)
		}

		// The caller's lists are copied, and nil makes everything as it was.
		weights := equalWeights(g.task, 3)
		before := g.value(t, h, weights, nil)
		weights[0][0] = 100
		s := torchx.Inference(gotch.CPU)
		hidden, mask := g.hidden(s)
		if after := s.Value(h.Loss(s, h.Logits(s, hidden, mask), g.targets(s))); after != before {
			t.Errorf("loss %v, after a change to the caller's list %v", before, after)
		}
		closeScope(t, s)
		if again := g.value(t, h, make([][]float32, len(g.task.Heads)), nil); again != plain {
			t.Errorf("loss %v without weights, %v after weights were taken off", plain, again)
		}
	})
}

func TestSetClassWeightsRefuses(t *testing.T) {
	h := newHead(t, tasks.Task{Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: headsOf(2, 1)})
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for want, weights := range map[string][][]float32{
		`class weights of task "t": 0 lists for 2 heads`:                                     nil,
		`class weights of task "t": 1 lists for 2 heads`:                                     {{1, 1}},
		`class weights of task "t", head "0": 3 weights for 2 labels`:                        {{1, 1, 1}, nil},
		`class weights of task "t", head "1": 0 weights for 1 labels`:                        {nil, {}},
		`class weights of task "t", head "0": label "x" weighs 0, want a positive number`:    {{5, 0}, {1}},
		`class weights of task "t", head "0": label "x" weighs -1, want a positive number`:   {{-1, 5}, {1}},
		`class weights of task "t", head "1": label "x" weighs +Inf, want a positive number`: {{5, 5}, {inf}},
		`class weights of task "t", head "1": label "x" weighs NaN, want a positive number`:  {{5, 5}, {nan}},
	} {
		if err := h.SetClassWeights(weights); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	s := torchx.Inference(gotch.CPU)
	defer closeScope(t, s)
	logits := []*ts.Tensor{s.Float32s([]float32{0, 0, 0, 3}, 2, 2), s.Float32s([]float32{0, 0}, 2, 1)}
	loss := s.Value(h.Loss(s, logits, []heads.Target{{Values: s.Int64s([]int64{0, 1}, 2)}, {}}))
	if want := (math.Ln2 + math.Log1p(math.Exp(-3))) / 2; math.Abs(loss-want) > 1e-6 {
		t.Errorf("loss %v after weights that were refused, want %v: some were taken", loss, want)
	}
}

// Values that all count are the same as values without a validity, and what
// doesn't count may be anything.
func TestValid(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		if g.task.Kind != tasks.MultiLabel {
			return
		}
		h, _ := g.head(t, 0)
		fill := func(validity func(i int) float32) func(s *torchx.Scope, targets []heads.Target) {
			return func(s *torchx.Scope, targets []heads.Target) {
				for i, target := range targets {
					if target.Values == nil {
						continue
					}
					valid := make([]float32, target.Values.Numel())
					for j := range valid {
						valid[j] = validity(j)
					}
					targets[i].Valid = s.Float32s(valid, s.Shape(target.Values)...)
				}
			}
		}
		none := func(_ *torchx.Scope, targets []heads.Target) {
			for i := range targets {
				targets[i].Valid = nil
			}
		}
		all := fill(func(int) float32 { return 1 })
		if a, b := g.value(t, h, g.weights(), none), g.value(t, h, g.weights(), all); a != b {
			t.Errorf("loss %v without validity, %v if all is valid", a, b)
		}
		some := fill(func(j int) float32 { return float32((j + 1) % 2) })
		spoilt := func(s *torchx.Scope, targets []heads.Target) {
			some(s, targets)
			for i, target := range targets {
				if target.Values != nil { // 7 where it doesn't count
					wrong := s.Scale(s.Add(s.Scale(target.Valid, -1), s.Float32s([]float32{1}, 1)), 7)
					targets[i].Values = s.Add(s.Mul(target.Values, target.Valid), wrong)
				}
			}
		}
		if a, b := g.value(t, h, g.weights(), some), g.value(t, h, g.weights(), spoilt); a != b {
			t.Errorf("loss %v, with other values where they don't count %v", a, b)
		}
	})
}

func TestValidRefused(t *testing.T) {
	classes := newHead(t, tasks.Task{Kind: tasks.MultiClass, Pooling: tasks.CLSPooling, Heads: headsOf(2)})
	flags := newHead(t, tasks.Task{Kind: tasks.MultiLabel, Pooling: tasks.CLSPooling, Heads: headsOf(2)})
	for want, loss := range map[string]func(s *torchx.Scope){
		`loss: task "t" isn't multilabel, but a target says which of its outputs are valid`: func(s *torchx.Scope) {
			logits, valid := s.Float32s([]float32{0, 0}, 1, 2), s.Float32s([]float32{1, 1}, 1, 2)
			classes.Loss(s, []*ts.Tensor{logits}, []heads.Target{{Values: s.Int64s([]int64{1}, 1), Valid: valid}})
		},
		// What libtorch would broadcast.
		"binary cross-entropy of [2, 2], [2, 2], [2, 1]: the shapes differ": func(s *torchx.Scope) {
			logits, valid := s.Float32s(make([]float32, 4), 2, 2), s.Float32s([]float32{1, 0}, 2, 1)
			flags.Loss(s, []*ts.Tensor{logits}, []heads.Target{{Values: logits, Valid: valid}})
		},
	} {
		s := torchx.Training(gotch.CPU)
		loss(s)
		if err := s.Close(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
