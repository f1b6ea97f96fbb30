package heads_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

const dim = 16

// labels returns n names.
func labels(n int) []string { return strings.Split(strings.Repeat("x", n), "") }

// headsOf makes heads of the given widths, with the golden file's names.
func headsOf(widths ...int) []tasks.Head {
	var list []tasks.Head
	for i, n := range widths {
		list = append(list, tasks.Head{Name: fmt.Sprint(i), Param: fmt.Sprintf("head.%d", i), Labels: labels(n)})
	}
	return list
}

// goldenTasks are the cases of testdata/heads.safetensors, made by
// scripts/golden/model.py.
func goldenTasks() map[string]tasks.Task {
	token := []tasks.Head{{Name: "token", Param: "classifier", Labels: labels(5)}}
	attention := func(kind tasks.Kind, widths ...int) tasks.Task {
		return tasks.Task{Kind: kind, Pooling: tasks.AttentionPooling, PoolParam: "pool.attention", Heads: headsOf(widths...)}
	}
	byLabel := func(kind tasks.Kind, widths ...int) tasks.Task {
		return tasks.Task{Kind: kind, Pooling: tasks.LabelAttentionPooling, PoolParam: "pool.attention", Heads: headsOf(widths...)}
	}
	first := func(kind tasks.Kind, widths ...int) tasks.Task {
		return tasks.Task{Kind: kind, Pooling: tasks.CLSPooling, Heads: headsOf(widths...)}
	}
	pre := func(task tasks.Task) tasks.Task {
		task.PreParam = "pre"
		return task
	}
	return map[string]tasks.Task{
		"token":                 {Kind: tasks.Token, Heads: token},
		"token_transform":       {Kind: tasks.Token, Transform: "transform", Heads: token},
		"class_attention":       attention(tasks.MultiClass, 3, 5, 4, 2),
		"class_attention_whole": attention(tasks.MultiClass, 3, 5, 4, 2),
		"class_first":           first(tasks.MultiClass, 3, 5, 4, 2),
		"flags_attention":       attention(tasks.MultiLabel, 1, 5, 2),
		"flags_first":           first(tasks.MultiLabel, 1, 5, 2),
		"token_weights":         {Kind: tasks.Token, Heads: token},
		"class_pre":             pre(first(tasks.MultiClass, 3, 5, 4, 2)),
		"class_pre_attention":   pre(attention(tasks.MultiClass, 3, 5, 4, 2)),
		"class_weights":         attention(tasks.MultiClass, 3, 5, 4, 2),
		"flags_pre":             pre(first(tasks.MultiLabel, 1, 5, 2)),
		"flags_weights":         attention(tasks.MultiLabel, 1, 5, 2),
		"flags_valid":           attention(tasks.MultiLabel, 1, 5, 2),
		"flags_valid_weights":   first(tasks.MultiLabel, 1, 5, 2),

		"class_label_attention":     byLabel(tasks.MultiClass, 3, 5, 4, 2),
		"class_label_attention_pre": pre(byLabel(tasks.MultiClass, 3, 5, 4, 2)),
		"flags_label_attention":     byLabel(tasks.MultiLabel, 1, 5, 2),
		"flags_label_attention_pre": pre(byLabel(tasks.MultiLabel, 1, 5, 2)),
	}
}

// golden is one case of the golden file.
type golden struct {
	goldentest.File
	name string
	task tasks.Task
}

func (g golden) path(name string) string { return g.name + "/" + name }

// weights returns the case's class weights, one list for each head.
func (g golden) weights() [][]float32 {
	list := make([][]float32, len(g.task.Heads))
	for i := range list {
		if name := g.path(fmt.Sprintf("weight.%d", i)); g.Has(name) {
			list[i] = g.Float32s(name)
		}
	}
	return list
}

// head makes the case's head with its parameters and class weights.
func (g golden) head(t *testing.T, dropout float64) (heads.Head, torchx.Params) {
	t.Helper()
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	h, err := heads.New(p, g.task, dim, dropout)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.SetClassWeights(g.weights()); err != nil {
		t.Fatal(err)
	}
	file, err := weights.Open("testdata/heads.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, param := range p.All() {
		tensor, err := file.Tensor(g.path("param." + param.Name))
		if err != nil {
			t.Fatal(err)
		}
		if err := checkpoint.Set(param, tensor); err != nil {
			t.Fatal(err)
		}
	}
	return h, p
}

// hidden returns the hidden states and the mask.
func (g golden) hidden(s *torchx.Scope) (hidden, mask *ts.Tensor) {
	return s.Float32s(g.Float32s(g.path("hidden")), g.Shape(g.path("hidden"))...),
		s.Bools(g.Bools(g.path("mask")), g.Shape(g.path("mask"))...)
}

// targets returns a target for each head, without values where all are
// ignored.
func (g golden) targets(s *torchx.Scope) []heads.Target {
	list := make([]heads.Target, len(g.task.Heads))
	for i := range list {
		name, validName := g.path(fmt.Sprintf("target.%d", i)), g.path(fmt.Sprintf("valid.%d", i))
		switch {
		case g.task.Kind != tasks.MultiLabel:
			classes := g.Int64s(name)
			if slices.ContainsFunc(classes, func(c int64) bool { return c >= 0 }) {
				list[i].Values = s.Int64s(classes, int64(len(classes)))
			}
		case !g.Has(validName):
			list[i].Values = s.Float32s(g.Float32s(name), g.Shape(name)...)
		case slices.Contains(g.Bools(validName), true):
			list[i].Values = s.Float32s(g.Float32s(name), g.Shape(name)...)
			list[i].Valid = s.Float(s.Bools(g.Bools(validName), g.Shape(validName)...))
		}
	}
	return list
}

func forEachGolden(t *testing.T, test func(t *testing.T, g golden)) {
	file := goldentest.Open(t, "testdata/heads.safetensors")
	for name, task := range goldenTasks() {
		task.Name = name
		t.Run(name, func(t *testing.T) { test(t, golden{file, name, task}) })
	}
}

func TestHeadsEqualPyTorch(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		h, p := g.head(t, 0)
		s := torchx.Training(gotch.CPU)
		defer s.Close()
		hidden, mask := g.hidden(s)
		if err := hidden.RequiresGrad_(true); err != nil {
			t.Fatal(err)
		}
		logits := h.Logits(s, hidden, mask)
		loss := h.Loss(s, logits, g.targets(s))
		s.Backward(loss)

		got := map[string]*ts.Tensor{"loss": loss, "hidden.grad": grad(t, hidden)}
		for i, x := range logits {
			got[fmt.Sprintf("logits.%d", i)] = x
		}
		for _, param := range p.All() {
			got["grad."+param.Name] = grad(t, param.Tensor)
		}
		for _, name := range g.Names() {
			if param, ok := strings.CutPrefix(name, g.path("param.")); ok && got["grad."+param] == nil {
				t.Errorf("the head lacks the parameter %s", param)
			}
		}
		worst := 0.0
		for name, tensor := range got {
			want := g.Float32s(g.path(name))
			values := make([]float32, len(want)) // a head that had no target has no gradient
			if tensor.MustDefined() {
				values = s.ReadFloat32(tensor)
			}
			d := goldentest.Compare(values, want)
			if worst = max(worst, d.Max); d.Max > 1e-5 {
				t.Errorf("%s differs by %.1e", name, d.Max)
			}
		}
		if err := s.Err(); err != nil {
			t.Error(err)
		}
		t.Logf("largest deviation %.1e", worst)
	})
}

// grad returns the gradient of x, dropped at the test's end.
func grad(t *testing.T, x *ts.Tensor) *ts.Tensor {
	t.Helper()
	g, err := x.Grad(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.MustDrop)
	return g
}

// A text's logits are the same alone and in a padded batch.
func TestPaddingChangesNothing(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		h, _ := g.head(t, 0.5) // no dropout in inference
		s := torchx.Inference(gotch.CPU)
		defer s.Close()
		hidden, mask := g.hidden(s)
		together := h.Logits(s, hidden, mask)
		seq := int(g.Shape(g.path("mask"))[1])
		for row := range int(g.Shape(g.path("mask"))[0]) {
			length := 0
			for _, ok := range g.Bools(g.path("mask"))[row*seq : (row+1)*seq] {
				if ok {
					length++
				}
			}
			text := s.Narrow(s.Narrow(hidden, 0, int64(row), 1), 1, 0, int64(length))
			for i, alone := range h.Logits(s, text, nil) {
				batched := s.Narrow(together[i], 0, int64(row), 1)
				if g.task.Kind == tasks.Token {
					batched = s.Narrow(batched, 1, 0, int64(length))
				}
				if d := goldentest.Compare(s.ReadFloat32(batched), s.ReadFloat32(alone)); d.Max > 1e-5 {
					t.Errorf("text %d, head %d: logits in a batch differ by %.1e from those alone", row, i, d.Max)
				}
			}
		}
		if err := s.Err(); err != nil {
			t.Error(err)
		}
	})
}

func TestLossWithoutTargets(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		h, _ := g.head(t, 0)
		s := torchx.Training(gotch.CPU)
		hidden, mask := g.hidden(s)
		logits := h.Logits(s, hidden, mask)
		if loss := h.Loss(s, logits, make([]heads.Target, len(logits))); loss != nil {
			t.Errorf("loss %v of nothing, want none", s.Value(loss))
		}
		h.Loss(s, logits, nil)
		want := fmt.Sprintf("loss: 0 targets for %d heads", len(logits))
		if err := s.Close(); err == nil || err.Error() != want {
			t.Errorf("no targets at all: %v, want %q", err, want)
		}
	})
}

// The losses of a task's heads add up, each a mean of its own.
func TestLossIsTheSumOfHeads(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		h, _ := g.head(t, 0)
		s := torchx.Training(gotch.CPU)
		defer s.Close()
		hidden, mask := g.hidden(s)
		logits, targets := h.Logits(s, hidden, mask), g.targets(s)
		sum := 0.0
		for i := range targets {
			alone := make([]heads.Target, len(targets))
			if alone[i] = targets[i]; targets[i].Values != nil {
				sum += s.Value(h.Loss(s, logits, alone))
			}
		}
		if total := s.Value(h.Loss(s, logits, targets)); total == 0 || math.Abs(total-sum) > 1e-5 {
			t.Errorf("loss %v, the heads' losses add up to %v", total, sum)
		}
	})
}

func TestDropoutIsForTrainingOnly(t *testing.T) {
	forEachGolden(t, func(t *testing.T, g golden) {
		h, _ := g.head(t, 0.5)
		logits := func(open func(gotch.Device) *torchx.Scope, seed uint64) []float32 {
			if err := torchx.Seed(seed); err != nil {
				t.Fatal(err)
			}
			s := open(gotch.CPU)
			hidden, mask := g.hidden(s)
			out := s.ReadFloat32(h.Logits(s, hidden, mask)[0])
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return out
		}
		if d := goldentest.Compare(logits(torchx.Inference, 1), g.Float32s(g.path("logits.0"))); d.Max > 1e-5 {
			t.Errorf("dropout in inference: logits differ by %.1e", d.Max)
		}
		first := logits(torchx.Training, 1)
		if d := goldentest.Compare(first, logits(torchx.Training, 1)); d.Max != 0 {
			t.Errorf("the same seed drops other elements: %.1e", d.Max)
		}
		if d := goldentest.Compare(first, logits(torchx.Training, 2)); d.Mean < 1e-3 {
			t.Errorf("two seeds differ by %.1e in the mean: no dropout", d.Mean)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for want, task := range map[string]tasks.Task{
		`task "t" has no head`:             {Kind: tasks.Token},
		`task "t": head "0" has no labels`: {Kind: tasks.Token, Heads: headsOf(0)},
		`task "t": unknown kind "ranking"`: {Kind: "ranking", Heads: headsOf(2)},
		`task "t": unknown pooling "max"`:  {Kind: tasks.MultiClass, Pooling: "max", Heads: headsOf(2)},
		`task "t": unknown pooling ""`:     {Kind: tasks.MultiLabel, Heads: headsOf(2)},
	} {
		task.Name = "t"
		if _, err := heads.New(torchx.NewParams(gotch.CPU, true), task, dim, 0); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
