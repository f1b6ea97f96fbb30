package trainer_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

const vocabSize = 24

// toyTasks can be learned: a token's class is its id's remainder, a text's
// classes and flags hang on its second token.
func toyTasks() []tasks.Task {
	return []tasks.Task{
		tasks.NER([]string{"O", "NAME", "AGE"}),
		tasks.CLS(tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d"}, Intervention: []string{"e", "f"}, Priority: []string{"1", "2"}}),
		tasks.QA(),
	}
}

func toyLoaders(list []tasks.Task, n int) []datasets.Loader {
	var loaders []datasets.Loader
	for _, task := range list {
		var examples []datasets.Example
		for i := range n {
			ex := datasets.Example{Record: i + 1, IDs: []int32{1}}
			for j := range 2 + i%4 {
				ex.IDs = append(ex.IDs, int32(3+(7*i+5*j)%(vocabSize-3)))
			}
			ex.IDs = append(ex.IDs, 2)
			bit := int64(ex.IDs[1] % 2)
			switch task.Kind {
			case tasks.Token:
				for _, id := range ex.IDs {
					class := int64(tasks.IgnoreToken)
					if id > 2 {
						class = int64(id % 3)
					}
					ex.Classes = append(ex.Classes, class)
				}
			case tasks.MultiClass:
				ex.Classes = []int64{bit, 1 - bit, bit, tasks.IgnoreClass}
			case tasks.MultiLabel:
				for _, head := range task.Heads {
					flags := make([]float32, len(head.Labels))
					for k := range flags {
						flags[k] = float32((bit + int64(k)) % 2)
					}
					ex.Flags = append(ex.Flags, flags)
				}
			}
			examples = append(examples, ex)
		}
		loaders = append(loaders, datasets.Loader{Task: task, Examples: examples, BatchSize: 5})
	}
	return loaders
}

// toy is a trainer of a new small model; console output goes to the builder.
func toy(t *testing.T, epochs int) (*trainer.Trainer, *strings.Builder) {
	t.Helper()
	if err := torchx.Seed(1); err != nil {
		t.Fatal(err)
	}
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim = vocabSize, 16, 16, 1, 2, 32
	model, err := fusion.New(c, toyTasks(), gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Drop)
	var out strings.Builder
	return &trainer.Trainer{
		Settings: trainer.Settings{Epochs: epochs, LearningRate: 5e-3, WeightDecay: 0.01, WarmupRatio: 0.1, MaxGradNorm: 1, Patience: epochs, Seed: 3},
		Model:    model,
		Train:    toyLoaders(toyTasks(), 32),
		Val:      toyLoaders(toyTasks(), 12),
		Console:  trainer.NewConsole(&out, &out),
		Save:     func(*trainer.History) error { return nil },
	}, &out
}

func run(t *testing.T, tr *trainer.Trainer) *trainer.History {
	t.Helper()
	history, err := tr.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return history
}

func weightsOf(t *testing.T, tr *trainer.Trainer) map[string]string {
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

func TestAllTasksLearn(t *testing.T) {
	tr, out := toy(t, 12)
	var saved []int
	tr.Save = func(h *trainer.History) error {
		saved = append(saved, h.Best)
		return nil
	}
	history := run(t, tr)
	first, last := history.All[0], history.All[len(history.All)-1]
	for i, loss := range last.Train.Losses {
		if before := first.Train.Losses[i].Value; !(loss.Value < 0.7*before) {
			t.Errorf("loss of %s went from %.3f to %.3f", loss.Name, before, loss.Value)
		}
	}
	if !(last.Average > first.Average+0.1) {
		t.Errorf("validation went from %.3f to %.3f", first.Average, last.Average)
	}
	if len(saved) == 0 || saved[len(saved)-1] != history.Best {
		t.Errorf("saved at epochs %v, best was %d", saved, history.Best)
	}
	if got := strings.Count(out.String(), "[Checkpoint saved]"); got != len(saved) {
		t.Errorf("%d checkpoints announced, %d saved", got, len(saved))
	}
	if got := strings.Count(out.String(), "Epoch "); got != 12 {
		t.Errorf("%d epochs announced, want 12", got)
	}
}

// metricsLog is a tracker that keeps what it gets.
type metricsLog map[int64]map[string]float64

func (m metricsLog) LogMetrics(step int64, values map[string]float64) { m[step] = values }

func TestTrackedMetrics(t *testing.T) {
	tr, _ := toy(t, 2)
	log := metricsLog{}
	tr.Tracker = log
	history := run(t, tr)
	if len(log) != 2 {
		t.Fatalf("metrics of %d epochs, want 2", len(log))
	}
	second := log[2]
	for _, name := range []string{
		"train/loss", "train/loss_ner", "train/loss_cls", "train/loss_qa", "val/ner_f1", "val/cls_avg_acc", "val/qa_avg_f1",
		"val/avg", "best/avg_val", "early_stop/no_improve", "throughput/samples_per_s",
	} {
		if _, ok := second[name]; !ok {
			t.Errorf("no metric %q", name)
		}
	}
	mean := (second["val/ner_f1"] + second["val/cls_avg_acc"] + second["val/qa_avg_f1"]) / 3
	if math.Abs(second["val/avg"]-mean) > 1e-12 || second["val/avg"] != history.All[1].Average {
		t.Errorf("val/avg is %v, want %v", second["val/avg"], mean)
	}
}

func TestSameSeedSameRun(t *testing.T) {
	a, _ := toy(t, 2)
	b, _ := toy(t, 2)
	run(t, a)
	run(t, b)
	for name, data := range weightsOf(t, a) {
		if data != weightsOf(t, b)[name] {
			t.Errorf("%s differs between two runs of one seed", name)
		}
	}
	c, _ := toy(t, 2)
	c.Seed++
	run(t, c)
	if weightsOf(t, c)["ner_classifier.weight"] == weightsOf(t, a)["ner_classifier.weight"] {
		t.Error("another seed gave the same weights")
	}
}

func TestResumedEqualsUninterrupted(t *testing.T) {
	whole, _ := toy(t, 4)
	want := run(t, whole)

	dir := filepath.Join(t.TempDir(), "state")
	stopped, _ := toy(t, 4)
	ctx, cancel := context.WithCancel(context.Background())
	stopped.Keep = func() error {
		err := stopped.SaveState(dir, trainer.State{Fingerprint: "f", RunID: "r"})
		if stopped.History().Epochs() == 2 {
			cancel()
		}
		return err
	}
	if history, err := stopped.Run(ctx); !errors.Is(err, context.Canceled) || history.Epochs() != 2 {
		t.Fatalf("stopped after %d epochs with %v, want 2 and a cancelled context", history.Epochs(), err)
	}

	state, err := trainer.ReadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if state.Fingerprint != "f" || state.RunID != "r" || state.History.Epochs() != 2 {
		t.Errorf("state is %+v", state)
	}
	resumed, _ := toy(t, 4)
	if err := resumed.Resume(dir, state); err != nil {
		t.Fatal(err)
	}
	got := run(t, resumed)
	for i := range want.All {
		if got.All[i].Train.Loss != want.All[i].Train.Loss || got.All[i].Average != want.All[i].Average {
			t.Errorf("epoch %d: loss %v, average %v; uninterrupted %v, %v", i+1,
				got.All[i].Train.Loss, got.All[i].Average, want.All[i].Train.Loss, want.All[i].Average)
		}
	}
	if got.Best != want.Best {
		t.Errorf("best epoch %d, uninterrupted %d", got.Best, want.Best)
	}
	for name, data := range weightsOf(t, whole) {
		if weightsOf(t, resumed)[name] != data {
			t.Errorf("%s differs from the uninterrupted run's", name)
		}
	}
}

func TestNoState(t *testing.T) {
	if _, err := trainer.ReadState(t.TempDir()); !errors.Is(err, trainer.ErrNoState) {
		t.Errorf("error %v, want ErrNoState", err)
	}
}

// Weights act on gradients, not on what is reported.
func TestLossWeights(t *testing.T) {
	heavy, _ := toy(t, 1)
	heavy.LossWeights = map[string]float64{"ner": 1, "cls": 1}
	plain, _ := toy(t, 1)
	run(t, heavy)
	run(t, plain)
	for name, data := range weightsOf(t, plain) {
		if data != weightsOf(t, heavy)[name] {
			t.Errorf("%s differs with weights of 1", name)
		}
	}

	light, _ := toy(t, 1)
	light.LossWeights = map[string]float64{"qa": 1e-3}
	history := run(t, light)
	if got, want := history.All[0].Train.GradNorm, plain.History().All[0].Train.GradNorm; !(got < want) {
		t.Errorf("mean gradient norm %v, want less than without weights, %v", got, want)
	}
	if got := history.All[0].Train.Losses[2].Value; got < 1 {
		t.Errorf("reported loss of qa is %v: it should be without its weight", got)
	}
	if light, plain := weightsOf(t, light), weightsOf(t, plain); light["backbone.transformer.layer.0.ffn.lin1.weight"] == plain["backbone.transformer.layer.0.ffn.lin1.weight"] {
		t.Error("the weight changes nothing")
	}
}

func TestEarlyStoppingEndsARun(t *testing.T) {
	tr, out := toy(t, 50)
	tr.Patience, tr.LearningRate = 2, 1e-30 // nothing changes, so nothing improves
	history := run(t, tr)
	if history.Epochs() != 3 || !history.StoppedEarly || history.Best != 1 {
		t.Errorf("%d epochs, stopped early %v, best %d; want 3, true, 1", history.Epochs(), history.StoppedEarly, history.Best)
	}
	if !strings.Contains(out.String(), "no improvement for 2 epochs; the best was epoch 1") {
		t.Errorf("printed %q", out)
	}
}

// A batch without any label leaves the weights as they are.
func TestIgnoredBatchesChangeNothing(t *testing.T) {
	tr, _ := toy(t, 1)
	for _, l := range tr.Train {
		for i := range l.Examples {
			for j := range l.Examples[i].Classes {
				l.Examples[i].Classes[j] = tasks.IgnoreToken
				if l.Task.Kind == tasks.MultiClass {
					l.Examples[i].Classes[j] = tasks.IgnoreClass
				}
			}
		}
	}
	tr.Train = tr.Train[:2] // flags can't be ignored
	before := weightsOf(t, tr)
	run(t, tr)
	for name, data := range weightsOf(t, tr) {
		if data != before[name] {
			t.Errorf("%s changed", name)
		}
	}
}

func TestInfiniteLossStopsTheRun(t *testing.T) {
	tr, _ := toy(t, 1)
	p, ok := tr.Model.Params().Get("backbone.embeddings.word_embeddings.weight")
	if !ok {
		t.Fatal("no word embeddings")
	}
	n := p.Numel()
	bad := make([]byte, 4*n)
	for i := range bad {
		bad[i] = 0xff // NaN
	}
	if err := torchx.SetBytes(p, bad, gotch.Float, []int64{vocabSize, 16}); err != nil {
		t.Fatal(err)
	}
	_, err := tr.Run(context.Background())
	if !errors.Is(err, trainer.ErrNotFinite) {
		t.Fatalf("error %v, want ErrNotFinite", err)
	}
	for _, part := range []string{"epoch 1, step 1", "records ["} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q doesn't say %q", err, part)
		}
	}
}

func TestFailedSaveEndsTheRun(t *testing.T) {
	tr, _ := toy(t, 3)
	full := errors.New("disk full")
	tr.Save = func(*trainer.History) error { return full }
	if history, err := tr.Run(context.Background()); !errors.Is(err, full) || history.Epochs() != 1 {
		t.Errorf("%d epochs, error %v", history.Epochs(), err)
	}
}
