package trainer

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// groupsOf are the groups that settings make of a model of two layers, by parameter.
func groupsOf(t *testing.T, s Settings, frozen fusion.Frozen) map[string]torchx.ParamGroup {
	t.Helper()
	c := backbone.DistilBERTCased()
	c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim = vocabSize, 16, 16, 2, 2, 32
	model, err := fusion.New(fusion.Architecture{Config: c, Tasks: toyTasks()}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Drop)
	if err := model.Freeze(frozen); err != nil {
		t.Fatal(err)
	}
	list, err := groups(model, s.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]torchx.ParamGroup{}
	for _, g := range list {
		for _, p := range g.Params {
			if _, twice := by[p.Name]; twice {
				t.Errorf("%s is in two groups", p.Name)
			}
			by[p.Name] = g
		}
	}
	if want := len(model.Params().Trainable()); len(by) != want {
		t.Errorf("%d parameters in groups, want %d", len(by), want)
	}
	return by
}

func TestGroups(t *testing.T) {
	all := groupsOf(t, Settings{
		LearningRate: 1e-3, HeadLearningRate: 5e-3, LayerDecay: 0.5, WeightDecay: 0.1, NoDecayOnVectors: true,
	}, fusion.Frozen{})
	for name, want := range map[string]updates{
		"backbone.embeddings.word_embeddings.weight":            {0.25, 0.1},
		"backbone.embeddings.LayerNorm.weight":                  {0.25, 0},
		"backbone.transformer.layer.0.attention.q_lin.weight":   {0.5, 0.1},
		"backbone.transformer.layer.0.attention.q_lin.bias":     {0.5, 0},
		"backbone.transformer.layer.1.output_layer_norm.weight": {1, 0},
		"backbone.transformer.layer.1.ffn.lin1.weight":          {1, 0.1},
		"ner_classifier.weight":                                 {5, 0.1},
		"ner_classifier.bias":                                   {5, 0},
		"cls_attention.attention.weight":                        {5, 0.1},
	} {
		g, found := all[name]
		if !found || math.Abs(g.Rate-want.rate) > 1e-12 || g.WeightDecay != want.decay {
			t.Errorf("%s: rate %v, decay %v; want %+v", name, g.Rate, g.WeightDecay, want)
		}
	}
	// What is left without decay is what Hugging Face's Trainer leaves out: biases and norms.
	for name, g := range all {
		if spared := strings.HasSuffix(name, ".bias") || strings.Contains(strings.ToLower(name), "norm."); spared != (g.WeightDecay == 0) {
			t.Errorf("%s has weight decay %v", name, g.WeightDecay)
		}
	}
	some := groupsOf(t, Settings{LearningRate: 1, WeightDecay: 0.1}, fusion.Frozen{Embeddings: true, Layers: 1})
	for name := range some {
		if strings.Contains(name, "embeddings") || strings.Contains(name, "layer.0.") {
			t.Errorf("%s is frozen, and learns", name)
		}
	}
}

func TestOneGroupByDefault(t *testing.T) {
	tr, _ := toy(t, 1)
	list, err := groups(tr.Model, tr.withDefaults())
	if err != nil || len(list) != 1 || list[0].Rate != 1 || list[0].WeightDecay != 0.01 || len(list[0].Params) != len(tr.Model.Params().All()) {
		t.Errorf("groups %+v, %v", list, err)
	}
}

// A model that doesn't say where its layers are can't be taught by them.
func TestLayersNeedTheModelsWord(t *testing.T) {
	for _, change := range []func(*Settings){
		func(s *Settings) { s.LayerDecay = 0.9 },
		func(s *Settings) { s.HeadLearningRate = 1 },
	} {
		tr, _ := toy(t, 1)
		change(&tr.Settings)
		tr.Model = struct{ Model }{tr.Model}
		if _, err := New(tr.Settings, tr.Deps); err == nil || !strings.Contains(err.Error(), "a model with a method Layer") {
			t.Errorf("error %v", err)
		}
	}
}

func TestWrongRatesAreRefused(t *testing.T) {
	tr, _ := toy(t, 1)
	tr.HeadLearningRate, tr.LayerDecay, tr.LearningRate = -1, 2, 0
	_, err := New(tr.Settings, tr.Deps)
	for _, want := range []string{"Settings.HeadLearningRate is -1: it must be 0 or more", "Settings.LearningRate is 0: it must be above 0", "Settings.LayerDecay is 2: it must be above 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// What is frozen stays, has no gradient, and leaves nothing in the optimizer's state.
func TestFrozenParametersStay(t *testing.T) {
	tr, _ := toy(t, 2)
	if err := tr.Model.(*fusion.Model).Freeze(fusion.Frozen{Embeddings: true, Layers: 1}); err != nil {
		t.Fatal(err)
	}
	before := weightsOf(t, tr)
	run(t, tr)
	frozen := 0
	for name, data := range weightsOf(t, tr) {
		encoder := strings.HasPrefix(name, "backbone.")
		if encoder {
			frozen++
		}
		if strings.HasPrefix(name, "cls_priority") {
			continue // which has no label
		}
		if (data == before[name]) != encoder {
			t.Errorf("%s: unchanged %v", name, data == before[name])
		}
	}
	if state := tr.optimizer.State(); len(state) != 3*(len(before)-frozen) || slices.ContainsFunc(state, func(p torchx.Param) bool { return strings.HasPrefix(p.Name, "backbone.") }) {
		t.Errorf("the optimizer has %d tensors of %d parameters, %d of them frozen", len(state), len(before), frozen)
	}
	got, _ := gradientOf(t, tr, tr.Train[0].Ordered()[0].Batch())
	for name := range got {
		if strings.HasPrefix(name, "backbone.") {
			t.Errorf("%s has a gradient", name)
		}
	}
	if n := len(tr.Model.BackwardOrder()); n != len(before)-frozen {
		t.Errorf("ranks add up the gradients of %d parameters, want %d", n, len(before)-frozen)
	}
}

// A run whose layers are computed twice is, bit for bit, the one whose layers are kept.
func TestCheckpointingChangesNothing(t *testing.T) {
	for name, change := range map[string]func(*toyTrainer){
		"float32":  func(*toyTrainer) {},
		"in parts": func(tr *toyTrainer) { tr.AccumulationSteps = 2 },
		"bfloat16": func(tr *toyTrainer) { tr.BF16 = true },
	} {
		t.Run(name, func(t *testing.T) {
			kept, _ := toy(t, 2)
			change(kept)
			run(t, kept)
			twice, _ := toy(t, 2)
			change(twice)
			twice.Model.(*fusion.Model).SetCheckpointing(true)
			run(t, twice)
			sameWeights(t, kept, twice, "with checkpointing")
		})
	}
}
