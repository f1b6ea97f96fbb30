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
	m, err := New(smallConfig(), threeTasks(2, 3, 2), gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// taskBatch is a batch of two texts, of 5 and 3 tokens.
func taskBatch(task string) datasets.Batch {
	b := datasets.Batch{
		Task: task, Size: 2, Length: 5,
		IDs:  []int64{2, 7, 8, 9, 3, 2, 11, 3, 0, 0},
		Mask: []bool{true, true, true, true, true, true, true, true, false, false},
	}
	const no = tasks.IgnoreToken
	switch task {
	case tasks.NERName:
		b.Targets = []datasets.Target{{Classes: []int64{no, 1, no, 4, no, no, 0, no, no, no}, Valid: 3}}
	case tasks.CLSName:
		b.Targets = []datasets.Target{
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
			b.Targets = append(b.Targets, datasets.Target{Flags: flags, Width: n, Valid: 2 * n})
		}
	}
	return b
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
	total := m.Loss(s, m.Forward(s, b), b)
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
	b.Targets[1] = datasets.Target{Classes: []int64{-1, -1}}
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
	for _, task := range []string{tasks.NERName, tasks.CLSName} {
		b := taskBatch(task)
		for i := range b.Targets {
			for j := range b.Targets[i].Classes {
				b.Targets[i].Classes[j] = map[string]int64{tasks.NERName: tasks.IgnoreToken, tasks.CLSName: tasks.IgnoreClass}[task]
			}
			b.Targets[i].Valid = 0
		}
		s := torchx.Training(gotch.CPU)
		loss := m.Loss(s, m.Forward(s, b), b)
		if err := s.Close(); loss != nil || err != nil {
			t.Errorf("%s: loss %v, %v; want neither", task, loss, err)
		}
	}
}

func TestUnknownTask(t *testing.T) {
	m, b := smallModel(t), taskBatch(tasks.QAName)
	b.Task = "sentiment"
	s := torchx.Training(gotch.CPU)
	loss := m.Loss(s, m.Forward(s, b), b)
	if err := s.Close(); loss != nil || err == nil || err.Error() != `the model has no task "sentiment"; it has [ner cls qa]` {
		t.Errorf("loss %v, error %v", loss, err)
	}
}

// A text's logits are the same alone and in a padded batch.
func TestPaddingChangesNoLogits(t *testing.T) {
	m := smallModel(t)
	for _, task := range m.Tasks {
		together := taskBatch(task.Name)
		alone := datasets.Batch{Task: task.Name, Size: 1, Length: 3, IDs: together.IDs[5:8]}
		s := torchx.Inference(gotch.CPU)
		batched := m.Forward(s, together)
		for i, want := range m.Forward(s, alone) {
			got := s.Narrow(batched[i], 0, 1, 1)
			if task.Kind == tasks.Token {
				got = s.Narrow(got, 1, 0, 3)
			}
			if d := goldentest.Compare(s.ReadFloat32(got), s.ReadFloat32(want)); d.Max > 1e-6 {
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
	if got, err := CountParameters(backbone.DistilBERTCased(), full); got != want.Total || err != nil {
		t.Errorf("%d parameters, %v; want %d", got, err, want.Total)
	}

	m, err := build(backbone.DistilBERTCased(), full, torchx.NewParams(gotch.CPU, false))
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
	if _, err := New(smallConfig(), list, gotch.CPU); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	if got := len(ts.ExistingTensors); got > before {
		t.Errorf("%d tensors left after an error", got-before)
	}
	config := smallConfig()
	config.Heads = 5
	if _, err := CountParameters(config, list); err == nil || !strings.Contains(err.Error(), "dim 16 isn't a multiple of n_heads 5") {
		t.Errorf("error %v", err)
	}
}
