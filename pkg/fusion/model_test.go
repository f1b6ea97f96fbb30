package fusion

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// namesOf returns n different labels.
func namesOf(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.Repeat("x", i+1)
	}
	return list
}

// threeTasks are the built-in tasks with as many case labels as given.
func threeTasks(main, sub, intervention int) []tasks.Task {
	return []tasks.Task{
		tasks.NER(tasks.NERLabels()),
		tasks.CLS(tasks.CaseLabels{Main: namesOf(main), Sub: namesOf(sub), Intervention: namesOf(intervention), Priority: namesOf(3)}),
		tasks.QA(),
	}
}

func smallConfig() backbone.Config {
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim = 60, 64, 16, 2, 4, 37
	return c
}

// smallModel draws its weights from a fixed seed.
func smallModel(t *testing.T) *Model {
	t.Helper()
	if err := torchx.Seed(1); err != nil {
		t.Fatal(err)
	}
	m, err := New(Architecture{Config: smallConfig(), Tasks: threeTasks(2, 3, 2)}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// taskBatch is a batch of two texts, of 5 and 3 tokens.
func taskBatch(task string) datasets.Batch {
	b := datasets.Batch{
		Size: 2, Length: 5,
		IDs:  []int64{2, 7, 8, 9, 3, 2, 11, 3, 0, 0},
		Mask: []bool{true, true, true, true, true, true, true, true, false, false},
	}
	const no = tasks.IgnoreToken
	part := datasets.Part{Task: task}
	switch task {
	case tasks.NERName:
		part.Targets = []datasets.Target{{Classes: []int64{no, 1, no, 4, no, no, 0, no, no, no}, Valid: 3}}
	case tasks.CLSName:
		part.Targets = []datasets.Target{
			{Classes: []int64{0, 1}, Valid: 2},
			{Classes: []int64{2, -1}, Valid: 1},
			{Classes: []int64{-1, 1}, Valid: 1},
			{Classes: []int64{0, 2}, Valid: 2},
		}
	case tasks.QAName:
		for _, h := range tasks.QA().Heads {
			n := len(h.Labels)
			flags := make([]float32, 2*n)
			flags[0] = 1
			part.Targets = append(part.Targets, datasets.Target{Flags: flags, Width: n, Valid: 2 * n})
		}
	}
	b.Parts = []datasets.Part{part}
	return b
}

// forward runs the encoder and the head of one task.
func forward(s *torchx.Scope, m *Model, task string, b datasets.Batch) []*ts.Tensor {
	hidden, mask := m.Hidden(s, b)
	return m.Logits(s, task, hidden, mask)
}

// lossOf is the loss of a batch's only part.
func lossOf(s *torchx.Scope, m *Model, b datasets.Batch) *ts.Tensor {
	return m.Loss(s, b, b.Parts[0], forward(s, m, b.Parts[0].Task, b))
}

// learn runs a batch's forward and backward pass and returns the loss, and
// which parameters have a gradient: whether it is other than zero.
func learn(t *testing.T, m *Model, b datasets.Batch) (loss float64, gradients map[string]bool) {
	t.Helper()
	s := torchx.Training(gotch.CPU)
	defer func() {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	total := lossOf(s, m, b)
	s.Backward(total)
	gradients = map[string]bool{}
	for _, p := range m.Params().All() {
		g, err := p.Tensor.Grad(false)
		if err != nil {
			t.Fatal(err)
		}
		if g.MustDefined() {
			gradients[p.Name] = slices.ContainsFunc(s.ReadFloat32(g), func(v float32) bool { return v != 0 })
		}
		g.MustDrop()
	}
	return s.Value(total), gradients
}

func TestOnlyTheBatchesHeadLearns(t *testing.T) {
	for _, task := range []string{tasks.NERName, tasks.CLSName, tasks.QAName} {
		m := smallModel(t)
		_, gradients := learn(t, m, taskBatch(task))
		for _, p := range m.Params().All() {
			want := strings.HasPrefix(p.Name, "backbone.") || strings.HasPrefix(p.Name, task+"_")
			nonzero, has := gradients[p.Name]
			if has != want || nonzero != want {
				t.Errorf("%s batch: %s has a gradient: %v, not zero: %v; want %v", task, p.Name, has, nonzero, want)
			}
		}
	}
}

func TestHeadWithoutLabelsLearnsNothing(t *testing.T) {
	m, b := smallModel(t), taskBatch(tasks.CLSName)
	b.Parts[0].Targets[1] = datasets.Target{Classes: []int64{-1, -1}}
	loss, gradients := learn(t, m, b)
	if math.IsNaN(loss) || loss <= 0 {
		t.Errorf("loss %v", loss)
	}
	if _, has := gradients["cls_sub.weight"]; has {
		t.Error("the head without labels has a gradient")
	}
	if !gradients["cls_main.weight"] {
		t.Error("the other heads have none")
	}
}

func TestLossOfNothing(t *testing.T) {
	m := smallModel(t)
	for _, task := range []string{tasks.NERName, tasks.CLSName, tasks.QAName} {
		b := taskBatch(task)
		targets := b.Parts[0].Targets
		for i := range targets {
			for j := range targets[i].Classes {
				targets[i].Classes[j] = map[string]int64{tasks.NERName: tasks.IgnoreToken, tasks.CLSName: tasks.IgnoreClass}[task]
			}
			for range targets[i].Flags {
				targets[i].Ignored = append(targets[i].Ignored, true)
			}
			targets[i].Valid = 0
		}
		s := torchx.Training(gotch.CPU)
		loss := lossOf(s, m, b)
		if err := s.Close(); loss != nil || err != nil {
			t.Errorf("%s: loss %v, %v; want neither", task, loss, err)
		}
	}
}

// What is ignored of yes/no targets has no part in the loss.
func TestLossOfSomeFlags(t *testing.T) {
	m, b := smallModel(t), taskBatch(tasks.QAName)
	first := datasets.Batch{Size: 1, Length: 5, IDs: b.IDs[:5], Parts: []datasets.Part{{Task: tasks.QAName}}}
	for i, target := range b.Parts[0].Targets {
		target.Ignored = make([]bool, len(target.Flags))
		for j := target.Width; j < len(target.Ignored); j++ {
			target.Ignored[j] = true
		}
		target.Valid = target.Width
		b.Parts[0].Targets[i] = target
		first.Parts[0].Targets = append(first.Parts[0].Targets, datasets.Target{Flags: target.Flags[:target.Width], Width: target.Width, Valid: target.Width})
	}
	s := torchx.Inference(gotch.CPU)
	got, want := s.Value(lossOf(s, m, b)), s.Value(lossOf(s, m, first))
	if err := s.Close(); err != nil || want == 0 || math.Abs(got-want) > 1e-5 {
		t.Errorf("loss %v, that of the labelled text %v (%v)", got, want, err)
	}
}

func TestSoftLossOfNothing(t *testing.T) {
	m, b := smallModel(t), taskBatch(tasks.CLSName)
	s := torchx.Training(gotch.CPU)
	loss := m.SoftLoss(s, b.Parts[0], forward(s, m, tasks.CLSName, b), 2)
	if err := s.Close(); loss != nil || err != nil {
		t.Errorf("loss %v, %v; want neither", loss, err)
	}
}

func TestClassWeights(t *testing.T) {
	m, b := smallModel(t), taskBatch(tasks.NERName)
	value := func() float64 {
		s := torchx.Inference(gotch.CPU)
		v := s.Value(lossOf(s, m, b))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return v
	}
	plain := value()
	weights := slices.Repeat([]float32{1}, 10)
	weights[4] = 8
	if err := m.SetClassWeights(tasks.NERName, [][]float32{weights}); err != nil {
		t.Fatal(err)
	}
	if weighted := value(); math.Abs(weighted-plain) < 1e-3 {
		t.Errorf("loss %v with weights and %v without", weighted, plain)
	}
	const want = `class weights of task "mood": the model has [ner cls qa]`
	if err := m.SetClassWeights("mood", nil); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestTwoTasksOfAName(t *testing.T) {
	const want = "make model: two tasks are called qa"
	if _, err := New(Architecture{Config: smallConfig(), Tasks: []tasks.Task{tasks.QA(), tasks.QA()}}, gotch.CPU); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestUnknownTask(t *testing.T) {
	m, b := smallModel(t), taskBatch(tasks.QAName)
	b.Parts[0].Task = "sentiment"
	s := torchx.Training(gotch.CPU)
	loss := lossOf(s, m, b)
	if err := s.Close(); loss != nil || err == nil || err.Error() != `the model has no task "sentiment"; it has [ner cls qa]` {
		t.Errorf("loss %v, error %v", loss, err)
	}
}

// A text's logits are the same alone and in a padded batch.
func TestPaddingChangesNoLogits(t *testing.T) {
	m := smallModel(t)
	for _, task := range m.Tasks {
		together := taskBatch(task.Name)
		alone := datasets.Batch{Size: 1, Length: 3, IDs: together.IDs[5:8]}
		s := torchx.Inference(gotch.CPU)
		batched := forward(s, m, task.Name, together)
		for i, want := range forward(s, m, task.Name, alone) {
			got := s.Narrow(batched[i], 0, 1, 1)
			if task.Kind == tasks.Token {
				got = s.Narrow(got, 1, 0, 3)
			}
			if d := goldentest.Compare(s.ReadFloat32(got), s.ReadFloat32(want)); d.Relative > goldentest.Rounding {
				t.Errorf("%s, head %d: logits differ by %.1e", task.Name, i, d.Max)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNewIsDeterministic(t *testing.T) {
	a, b := smallModel(t), smallModel(t)
	for i, p := range a.Params().All() {
		first, err := torchx.Bytes(p.Tensor)
		if err != nil {
			t.Fatal(err)
		}
		second, err := torchx.Bytes(b.Params().All()[i].Tensor)
		if err != nil || !slices.Equal(first, second) {
			t.Errorf("%s differs after the same seed (%v)", p.Name, err)
		}
	}
}

// The full model has the names, shapes and number of parameters that PyTorch's
// has; scripts/golden/model.py lists them.
func TestFullSizeParameters(t *testing.T) {
	data, err := os.ReadFile("testdata/parameters.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Total  int64
		Shapes map[string][]int64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if want.Total != 65_883_779 {
		t.Errorf("the golden file counts %d parameters", want.Total)
	}
	full := threeTasks(8, 77, 16)
	if got, err := CountParameters(Architecture{Config: backbone.DistilBERTCased(), Tasks: full}); got != want.Total || err != nil {
		t.Errorf("%d parameters, %v; want %d", got, err, want.Total)
	}

	m, err := build(Architecture{Config: backbone.DistilBERTCased(), Tasks: full}, torchx.NewParams(gotch.CPU, false))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Drop()
	got := map[string][]int64{}
	for _, p := range m.Params().All() {
		got[p.Name] = p.Tensor.MustSize()
	}
	if !maps.EqualFunc(got, want.Shapes, slices.Equal[[]int64]) {
		for name, shape := range want.Shapes {
			if !slices.Equal(got[name], shape) {
				t.Errorf("%s has shape %v, want %v", name, got[name], shape)
			}
			delete(got, name)
		}
		t.Errorf("parameters that PyTorch's model lacks: %v", slices.Sorted(maps.Keys(got)))
	}
}

func TestBuildErrorsFreeParameters(t *testing.T) {
	before := len(ts.ExistingTensors)
	list := threeTasks(2, 0, 2)
	const want = `make model: task "cls": head "sub" has no labels`
	if _, err := New(Architecture{Config: smallConfig(), Tasks: list}, gotch.CPU); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	if got := len(ts.ExistingTensors); got > before {
		t.Errorf("%d tensors left after an error", got-before)
	}
	config := smallConfig()
	config.Heads = 5
	if _, err := CountParameters(Architecture{Config: config, Tasks: list}); err == nil || !strings.Contains(err.Error(), "dim 16 isn't a multiple of n_heads 5") {
		t.Errorf("error %v", err)
	}
}
