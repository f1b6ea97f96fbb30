package trainer

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

const vocabSize = 24

// toyTasks can be learned: a token's class is its id's remainder, a text's
// classes and flags hang on its second token.
func toyTasks() []tasks.Task {
	cls := tasks.CLS(tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d"}, Intervention: []string{"e", "f"}, Priority: []string{"1", "2"}})
	cls.Heads[0].Follows = &tasks.Follows{Head: "sub", IDs: []int{1, 0}}
	return []tasks.Task{tasks.NER([]string{"O", "NAME", "AGE"}), cls, tasks.QA()}
}

// toySet is n examples with labels of all given tasks.
func toySet(list []tasks.Task, n int) datasets.Loader {
	var examples []datasets.Example
	for i := range n {
		ex := datasets.Example{Record: i + 1, IDs: []int32{1}}
		for j := range 2 + i%4 {
			ex.IDs = append(ex.IDs, int32(3+(7*i+5*j)%(vocabSize-3)))
		}
		ex.IDs = append(ex.IDs, 2)
		for _, task := range list {
			ex.Labels = append(ex.Labels, toyLabel(task, ex.IDs))
		}
		examples = append(examples, ex)
	}
	return datasets.Loader{Tasks: list, Examples: examples, BatchSize: 5}
}

func toyLabel(task tasks.Task, ids []int32) (label datasets.Label) {
	bit := int64(ids[1] % 2)
	switch task.Kind {
	case tasks.Token:
		for _, id := range ids {
			class := int64(tasks.IgnoreToken)
			if id > 2 {
				class = int64(id % 3)
			}
			label.Classes = append(label.Classes, class)
		}
	case tasks.MultiClass:
		label.Classes = []int64{bit, 1 - bit, bit, tasks.IgnoreClass}
	case tasks.MultiLabel:
		for _, head := range task.Heads {
			flags := make([]float32, len(head.Labels))
			for k := range flags {
				flags[k] = float32((bit + int64(k)) % 2)
			}
			label.Flags = append(label.Flags, flags)
		}
	}
	return label
}

// toyLoaders are sets of their own for each task.
func toyLoaders(list []tasks.Task, n int) []datasets.Loader {
	var loaders []datasets.Loader
	for _, task := range list {
		loaders = append(loaders, toySet([]tasks.Task{task}, n))
	}
	return loaders
}

// toyModel is a small model, the same for the same seed.
func toyModel(t *testing.T, seed uint64, dropout float64) *fusion.Model {
	t.Helper()
	if err := torchx.Seed(seed); err != nil {
		t.Fatal(err)
	}
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim = vocabSize, 16, 16, 1, 2, 32
	c.Dropout, c.AttentionDropout = dropout, dropout
	model, err := fusion.New(fusion.Architecture{Config: c, Tasks: toyTasks()}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Drop)
	return model
}

// toyTrainer is what a small trainer is made of, which a test changes before it
// trains, and then the trainer.
type toyTrainer struct {
	Settings
	Deps
	save      func(*History) error // nil: does nothing
	saveState func() error         // nil: does nothing
	log       metricsLog           // what was tracked

	*Trainer // nil before the first use
}

// toy makes a trainer of a new small model; console output goes to the builder.
func toy(t *testing.T, epochs int) (*toyTrainer, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	return &toyTrainer{
		Settings: Settings{Epochs: epochs, LearningRate: 5e-3, WeightDecay: 0.01, WarmupRatio: 0.1, MaxGradNorm: 1, Patience: epochs, Seed: 3},
		Deps: Deps{
			Model:     toyModel(t, 1, 0.1),
			Train:     toyLoaders(toyTasks(), 32),
			Val:       toyLoaders(toyTasks(), 12),
			Observers: []Observer{NewConsole(&out, &out)},
		},
		log: metricsLog{},
	}, &out
}

// build makes the trainer if it isn't there.
func (tt *toyTrainer) build(t *testing.T) *Trainer {
	t.Helper()
	if tt.Trainer == nil {
		tt.Checkpointer = tt
		tt.Observers = append(tt.Observers, metricsObserver{log: tt.log})
		var err error
		if tt.Trainer, err = New(tt.Settings, tt.Deps); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tt.Drop)
	}
	return tt.Trainer
}

// SaveBest implements [Checkpointer].
func (tt *toyTrainer) SaveBest(_ context.Context, h *History) error {
	if tt.save == nil {
		return nil
	}
	return tt.save(h)
}

// SaveState implements [Checkpointer].
func (tt *toyTrainer) SaveState(context.Context, *Trainer) error {
	if tt.saveState == nil {
		return nil
	}
	return tt.saveState()
}

// metricsLog are tracked metrics, by step.
type metricsLog map[int64]map[string]float64

// metricsObserver is a tracker that holds what it gets.
type metricsObserver struct {
	BaseObserver
	log metricsLog
}

func (m metricsObserver) LogMetrics(step int64, values map[string]float64) { m.log[step] = values }

func run(t *testing.T, tr *toyTrainer) *History {
	t.Helper()
	history, err := tr.build(t).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return history
}

func weightsOf(t *testing.T, tr *toyTrainer) map[string]string {
	t.Helper()
	tensors, err := checkpoint.Tensors(tr.Model.Params().All())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, tensor := range tensors {
		all[tensor.Name] = string(tensor.Data)
	}
	return all
}

// sameWeights reports the parameters that aren't the same bit for bit.
func sameWeights(t *testing.T, a, b *toyTrainer, what string) {
	t.Helper()
	first, second := weightsOf(t, a), weightsOf(t, b)
	if len(first) == 0 || len(first) != len(second) {
		t.Errorf("%d and %d parameters", len(first), len(second))
	}
	for name, data := range first {
		if data != second[name] {
			t.Errorf("%s differs %s", name, what)
		}
	}
}

// gradientOf is the gradient of one batch, by parameter; there is none of
// those that took no part.
func gradientOf(t *testing.T, tr *toyTrainer, b datasets.Batch) (map[string][]float32, []TaskLoss) {
	t.Helper()
	if err := tr.build(t).optimizer.ZeroGrad(); err != nil {
		t.Fatal(err)
	}
	if err := torchx.Seed(5); err != nil { // of dropout
		t.Fatal(err)
	}
	losses, err := tr.gradient(b)
	if err != nil {
		t.Fatal(err)
	}
	return gradientsNow(t, tr), losses
}

// gradientsNow are the parameters' gradients; there is none of those that took no part.
func gradientsNow(t *testing.T, tr *toyTrainer) map[string][]float32 {
	t.Helper()
	s := torchx.Inference(gotch.CPU)
	gradients := map[string][]float32{}
	for _, p := range tr.Model.Params().All() {
		g, err := p.Tensor.Grad(false)
		if err != nil {
			t.Fatal(err)
		}
		if g.MustDefined() {
			gradients[p.Name] = slices.Clone(s.ReadFloat32(g))
		}
		g.MustDrop()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return gradients
}

// counting counts what is asked of a model.
type counting struct {
	Model
	encoder int
	losses  map[string]int // by task
}

func (c *counting) Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor) {
	c.encoder++
	return c.Model.Hidden(s, b)
}

func (c *counting) Loss(s *torchx.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor) *ts.Tensor {
	c.losses[part.Task]++
	return c.Model.Loss(s, b, part, logits)
}

// stepsOf lists after which steps a run was validated.
func stepsOf(h *History) []int {
	var steps []int
	for _, e := range h.All {
		steps = append(steps, e.Step)
	}
	return steps
}
