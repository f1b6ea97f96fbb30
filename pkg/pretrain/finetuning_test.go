package pretrain

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// modelOf is a two-layer model with that dropout and seed.
func modelOf(t *testing.T, seed uint64, dropout float64) *Model {
	t.Helper()
	if err := torchx.Seed(seed); err != nil {
		t.Fatal(err)
	}
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Heads, c.HiddenDim, c.Layers, c.Dropout = int64(testTokenizer(t).VocabSize()), 64, 32, 4, 64, 2, dropout
	m, err := New(c, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// allLosses distills from a random teacher with every loss.
func allLosses(t *testing.T) *Distillation {
	return &Distillation{Teacher: modelOf(t, 9, 0.1), Temperature: 2, Soft: 5, Hard: 2, Cosine: 1, Attention: 1, Values: 1, RelationHeads: 4}
}

// trained runs two epochs and returns the history and the weights.
func trained(t *testing.T, o Objective, s trainer.Settings) (*trainer.History, map[string][]byte) {
	t.Helper()
	s.Epochs, s.LearningRate, s.MaxGradNorm, s.Seed, s.MaxBadSteps, s.Best = 2, 1e-3, 1, 4, 1, trainer.BestLoss
	train, val := toyLoaders(t, true)
	tr, err := trainer.New(s, trainer.Deps{Objective: o, Train: []datasets.Loader{train}, Val: []datasets.Loader{val}, Observers: []trainer.Observer{trainer.NewConsole(io.Discard, io.Discard)}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Drop()
	h, err := tr.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return h, rawWeights(t, o.Model)
}

func rawWeights(t *testing.T, m *Model) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, p := range m.Params().All() {
		data, err := torchx.Bytes(p.Tensor)
		if err != nil {
			t.Fatal(err)
		}
		all[p.Name] = slices.Clone(data)
	}
	return all
}

// Batches in parts are learnt like whole ones, whatever the parts' numbers of masked tokens:
// each loss is divided by those of the whole batch.
func TestAccumulatedPretraining(t *testing.T) {
	for name, distill := range map[string]*Distillation{"plain": nil, "student": allLosses(t)} {
		t.Run(name, func(t *testing.T) {
			run := func(steps int) (*trainer.History, map[string][]byte) {
				return trained(t, Objective{Model: modelOf(t, 5, 0), Distill: distill}, trainer.Settings{AccumulationSteps: steps})
			}
			want, whole := run(1)
			for _, steps := range []int{3, 8} { // of a batch of 8, several examples or one at a time
				got, parts := run(steps)
				for i := range want.All {
					got, want := got.All[i], want.All[i]
					for name, pair := range map[string][2]float64{
						"training loss": {got.Train.Loss, want.Train.Loss}, "gradient norm": {got.Train.GradNorm, want.Train.GradNorm},
						"perplexity": {figures(got.Val[0])["perplexity"], figures(want.Val[0])["perplexity"]},
					} {
						if d := math.Abs(pair[0] - pair[1]); !(d <= 2e-3*pair[1]) { // Adam enlarges what rounding leaves of gradients that are 0
							t.Errorf("%d parts, epoch %d: %s %v, want %v", steps, i+1, name, pair[0], pair[1])
						}
					}
				}
				if string(parts["vocab_transform.weight"]) == string(whole["vocab_transform.weight"]) {
					t.Errorf("%d parts round as the whole: nothing was cut", steps)
				}
			}
		})
	}
}

// furthestWeight compares weights.
func furthestWeight(t *testing.T, got, want map[string][]byte) (worst float64, where string) {
	t.Helper()
	for name := range want {
		a, b := floats(got[name]), floats(want[name])
		for i := range b {
			if d := math.Abs(float64(a[i] - b[i])); !(d <= worst) {
				worst, where = d, name
			}
		}
	}
	return worst, where
}

// A recomputed layer changes nothing, under dropout and with the losses that need the last
// layer's projections.
func TestCheckpointedPretraining(t *testing.T) {
	for name, distill := range map[string]*Distillation{"plain": nil, "student": allLosses(t)} {
		t.Run(name, func(t *testing.T) {
			run := func(on bool) map[string][]byte {
				m := modelOf(t, 5, 0.1)
				m.SetCheckpointing(on)
				_, weights := trained(t, Objective{Model: m, Distill: distill}, trainer.Settings{})
				return weights
			}
			if worst, name := furthestWeight(t, run(true), run(false)); worst != 0 {
				t.Errorf("%s differs by %.1e", name, worst)
			}
		})
	}
}

// The decoder is frozen with the word embeddings; the rest of the head learns.
func TestFrozenPretraining(t *testing.T) {
	m := modelOf(t, 5, 0.1)
	if err := m.Freeze(backbone.Frozen{Embeddings: true, Layers: 1}); err != nil {
		t.Fatal(err)
	}
	m.SetCheckpointing(true)
	before := rawWeights(t, m)
	_, after := trained(t, Objective{Model: m}, trainer.Settings{WeightDecay: 0.1})
	for name, data := range before {
		frozen := strings.HasPrefix(name, "distilbert.embeddings.") || strings.HasPrefix(name, "distilbert.transformer.layer.0.")
		if same := string(data) == string(after[name]); same != frozen {
			t.Errorf("%s: unchanged %t, frozen %t", name, same, frozen)
		}
	}
	if n, all := len(m.BackwardOrder()), len(before); n != all-4-16 {
		t.Errorf("a backward pass reaches %d of %d parameters", n, all)
	}
	n, err := CountTrainable(m.Config, backbone.Frozen{Embeddings: true, Layers: 1})
	if err != nil || n != m.Params().CountTrainable() || n >= m.Params().Count() {
		t.Errorf("%d parameters learn, %v; want %d", n, err, m.Params().CountTrainable())
	}
	if err := m.Freeze(backbone.Frozen{Layers: 3}); err == nil {
		t.Error("froze 3 of 2 layers")
	}
}

// AdamW's first step moves a weight by its learning rate: the tied matrix has the embeddings'.
func TestLearningRatesOfPretraining(t *testing.T) {
	m := modelOf(t, 5, 0)
	train, _ := toyLoaders(t, false)
	tr, err := trainer.New(trainer.Settings{LearningRate: 1e-3, HeadLearningRate: 3e-3, LayerDecay: 0.5}, trainer.Deps{Objective: Objective{Model: m}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Drop()
	before := rawWeights(t, m)
	if _, err := tr.Step(context.Background(), train.Ordered()[0].Batch(), trainer.StepOptions{Rate: 1e-3, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	after := rawWeights(t, m)
	for name, factor := range map[string]float64{
		"distilbert.embeddings.word_embeddings.weight":          0.25,
		"distilbert.embeddings.position_embeddings.weight":      0.25,
		"distilbert.transformer.layer.0.ffn.lin1.weight":        0.5,
		"distilbert.transformer.layer.1.ffn.lin1.weight":        1,
		"distilbert.transformer.layer.1.attention.v_lin.weight": 1,
		"vocab_transform.weight":                                3,
		"vocab_layer_norm.weight":                               3,
		"vocab_projector.bias":                                  3,
	} {
		moved := 0.0
		a, b := floats(after[name]), floats(before[name])
		for i := range a {
			moved = max(moved, math.Abs(float64(a[i]-b[i])))
		}
		if want := 1e-3 * factor; math.Abs(moved-want) > 0.01*want {
			t.Errorf("%s moved by up to %v, want %v", name, moved, want)
		}
	}
	c := m.Config
	c.ModelType = backbone.BERT
	for name, want := range map[string]int{"bert.embeddings.LayerNorm.bias": 0, "bert.encoder.layer.1.output.dense.weight": 2, "cls.predictions.transform.LayerNorm.weight": 3, "cls.predictions.bias": 3} {
		if layer, layers := (&Model{Config: c}).Layer(name); layer != want || layers != 2 {
			t.Errorf("%s is in layer %d of %d, want %d", name, layer, layers, want)
		}
	}
}

func TestSmoothedLossEqualsPyTorch(t *testing.T) {
	f := goldentest.Open(t, "testdata/smoothing.safetensors")
	smoothing := float64(f.Float32s("smoothing")[0])
	forEachType(t, func(t *testing.T, modelType string) {
		m := load(t, filepath.Join("testdata", modelType))
		q := goldenQuestion(goldentest.Open(t, filepath.Join("testdata", modelType+".safetensors")), "")
		s := torchx.Training(gotch.CPU)
		defer closeScope(t, s)
		loss := MaskedLoss(s, m.Logits(s, m.Hidden(s, q.Tokens), q.Rows), q.Answers, smoothing, 0)
		s.Backward(loss)
		d := goldentest.Compare(s.ReadFloat32(loss), f.Float32s(modelType+"/loss"))
		if t.Logf("loss %.4f differs by %.1e", s.Value(loss), d.Relative); !(d.Relative <= 1e-6) {
			t.Errorf("loss %v differs by %.1e", s.Value(loss), d.Relative)
		}
		expectGradients(t, s, m, f, modelType+"/grad/")
	})
}

// Smoothing is PyTorch's, in training alone: perplexity is that of the model's own
// probabilities.
func TestSmoothedPretraining(t *testing.T) {
	const smoothing = 0.2
	m := modelOf(t, 5, 0)
	train, _ := toyLoaders(t, false)
	b := train.Ordered()[0].Batch()
	q := QuestionOf(b, b.Parts[0].Targets[0].Classes)
	s := torchx.Inference(gotch.CPU)
	logits := m.Logits(s, m.Hidden(s, q.Tokens), q.Rows)
	logs := s.ReadFloat32(s.LogSoftmax(logits, 1))
	width := len(logs) / len(q.Answers)
	want := 0.0
	for i, id := range q.Answers {
		mean := 0.0
		for _, x := range logs[i*width : (i+1)*width] {
			mean += float64(x) / float64(width)
		}
		want -= ((1-smoothing)*float64(logs[i*width+int(id)]) + smoothing*mean) / float64(len(q.Answers))
	}
	o := Objective{Model: m, Smoothing: smoothing}
	got := s.Value(o.Losses(s, b)[0].Hard)
	predicted := s.Value(o.Predict(s, b, nil)[0].Loss)
	plain := s.Value(MaskedLoss(s, logits, q.Answers, 0, 0))
	closeScope(t, s)
	if math.Abs(got-want) > 1e-5*want || predicted != plain || math.Abs(plain-want) < 1e-4 {
		t.Errorf("loss %v, want %v; validation's %v, want %v", got, want, predicted, plain)
	}
}

// floats decodes little-endian float32s.
func floats(data []byte) []float32 {
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}
