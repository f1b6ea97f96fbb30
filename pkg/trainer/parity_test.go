package trainer_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/trainer"
)

const (
	parityFile  = "testdata/parity.safetensors" // made by scripts/golden/training.py
	lossLimit   = 1e-4                          // relative, of a step's loss
	weightLimit = 1e-5                          // absolute, of a parameter at the end
)

// parityRun is what PyTorch did: 30 steps of task alternation without dropout,
// by AdamW with linear warm-up over a tenth of the steps and clipping at 1.
type parityRun struct {
	Peak  float64
	Steps []struct {
		Task       string
		Rate, Loss float64
		Norm       float64 // of the gradient before clipping
	}
}

func readParityRun(t *testing.T) parityRun {
	t.Helper()
	data, err := os.ReadFile("testdata/parity.json")
	if err != nil {
		t.Fatal(err)
	}
	var run parityRun
	if err := json.Unmarshal(data, &run); err != nil {
		t.Fatal(err)
	}
	return run
}

// parityModel is the model with the weights that the run starts with.
func parityModel(t *testing.T) *fusion.Model {
	t.Helper()
	config := backbone.DistilBERTCased()
	config.VocabSize, config.MaxPositions, config.Dim, config.HiddenDim = 60, 64, 16, 37
	config.Layers, config.Heads = 2, 4
	config.Dropout, config.AttentionDropout = 0, 0
	classes := func(n int) []string { return strings.Split("abc"[:n], "") }
	model, err := fusion.New(config, []tasks.Task{
		tasks.NER(tasks.NERLabels()),
		tasks.CLS(tasks.CaseLabels{Main: classes(2), Sub: classes(3), Intervention: classes(2), Priority: classes(3)}),
		tasks.QA(),
	}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Drop)
	file, err := weights.Open(parityFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, param := range model.Params().All() {
		tensor, err := file.Tensor("start/" + param.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkpoint.Set(param, tensor); err != nil {
			t.Fatal(err)
		}
	}
	return model
}

// parityBatch is a step's batch.
func parityBatch(golden goldentest.File, step int, task string) datasets.Batch {
	at := func(name string) string { return fmt.Sprintf("%d/%s", step, name) }
	shape := golden.Shape(at("ids"))
	b := datasets.Batch{
		Task:   task,
		Size:   int(shape[0]),
		Length: int(shape[1]),
		IDs:    golden.Int64s(at("ids")),
		Mask:   golden.Bools(at("mask")),
	}
	for i := 0; golden.Has(at(fmt.Sprintf("target.%d", i))); i++ {
		name := at(fmt.Sprintf("target.%d", i))
		if task == tasks.QAName {
			flags := golden.Float32s(name)
			b.Targets = append(b.Targets, datasets.Target{Flags: flags, Width: len(flags) / b.Size, Valid: len(flags)})
			continue
		}
		target := datasets.Target{Classes: golden.Int64s(name)}
		for _, class := range target.Classes {
			if class >= 0 {
				target.Valid++
			}
		}
		b.Targets = append(b.Targets, target)
	}
	return b
}

func TestTrainingEqualsPyTorch(t *testing.T) {
	run, golden, model := readParityRun(t), goldentest.Open(t, parityFile), parityModel(t)
	optimizer, err := torchx.NewAdamW(model.Params(), 0.01)
	if err != nil {
		t.Fatal(err)
	}
	defer optimizer.Drop()
	schedule := trainer.NewLinearWarmup(run.Peak, len(run.Steps), 0.1)

	worstLoss := 0.0
	for step, want := range run.Steps {
		if rate := schedule.Rate(step); math.Abs(rate-want.Rate) > 1e-12 {
			t.Errorf("step %d: learning rate %v, want %v", step, rate, want.Rate)
		}
		if err := optimizer.ZeroGrad(); err != nil {
			t.Fatal(err)
		}
		b := parityBatch(golden, step, want.Task)
		s := torchx.Training(gotch.CPU)
		loss := model.Loss(s, model.Forward(s, b), b)
		s.Backward(loss)
		value := s.Value(loss)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		norm, err := optimizer.ClipGradNorm(1)
		if err != nil || math.Abs(norm-want.Norm) > 1e-3*want.Norm {
			t.Errorf("step %d: gradient norm %v, %v; want %v", step, norm, err, want.Norm)
		}
		if err := optimizer.Step(schedule.Rate(step)); err != nil {
			t.Fatal(err)
		}
		relative := math.Abs(value-want.Loss) / want.Loss
		if worstLoss = max(worstLoss, relative); !(relative <= lossLimit) {
			t.Errorf("step %d (%s): loss %v, want %v", step, want.Task, value, want.Loss)
		}
	}

	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	worstWeight := 0.0
	for _, param := range model.Params().All() {
		d := goldentest.Compare(s.ReadFloat32(param.Tensor), golden.Float32s("end/"+param.Name))
		if worstWeight = max(worstWeight, d.Max); d.Max > weightLimit {
			t.Errorf("%s differs by %.1e at the end", param.Name, d.Max)
		}
	}
	t.Logf("largest deviation: loss %.1e (relative), weights %.1e", worstLoss, worstWeight)
}
