package trainer

import (
	"context"
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
)

// The golden files are made by scripts/golden/training.py.
const (
	lossLimit   = 1e-4 // relative, of a step's loss
	weightLimit = 1e-5 // absolute, of a parameter at the end
)

// parityRun is what PyTorch did: steps of task alternation without dropout, by
// AdamW with linear warm-up over a tenth of the steps and clipping at 1.
type parityRun struct {
	Peak    float64
	Distill map[string]struct {
		Alpha, Temperature float64
		AnnealingRatio     float64 `json:"annealing_ratio"`
		SoftWeight         float64 `json:"soft_weight"`
	}
	Steps []struct {
		Task       string
		Other      string  // a task that the batch is taught by its teacher alone, or ""
		Taught     float64 // the loss of that
		Rate, Loss float64
		Norm       float64 // of the gradient before clipping
		Hard, Soft float64 // of a run with teachers
	}
}

func readParityRun(t *testing.T, path string) parityRun {
	t.Helper()
	data, err := os.ReadFile(path)
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
func parityModel(t *testing.T, golden string) *fusion.Model {
	t.Helper()
	config := backbone.DistilBERTCased()
	config.VocabSize, config.MaxPositions, config.Dim, config.HiddenDim = 60, 64, 16, 37
	config.Layers, config.Heads = 2, 4
	config.Dropout, config.AttentionDropout = 0, 0
	classes := func(n int) []string { return strings.Split("abc"[:n], "") }
	model, err := fusion.New(fusion.Architecture{Config: config, Tasks: []tasks.Task{
		tasks.NER(tasks.NERLabels()),
		tasks.CLS(tasks.CaseLabels{Main: classes(2), Sub: classes(3), Intervention: classes(2), Priority: classes(3)}),
		tasks.QA(),
	}}, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Drop)
	file, err := weights.Open(golden)
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

// parityBatch is a step's batch, with what the teacher says of it, if one does.
func parityBatch(golden goldentest.File, step int, task string) datasets.Batch {
	at := func(name string) string { return fmt.Sprintf("%d/%s", step, name) }
	shape := golden.Shape(at("ids"))
	b := datasets.Batch{
		Size:   int(shape[0]),
		Length: int(shape[1]),
		IDs:    golden.Int64s(at("ids")),
		Mask:   golden.Bools(at("mask")),
	}
	part := datasets.Part{Task: task}
	for i := 0; golden.Has(at(fmt.Sprintf("target.%d", i))); i++ {
		name := at(fmt.Sprintf("target.%d", i))
		var target datasets.Target
		if task == tasks.QAName {
			flags := golden.Float32s(name)
			target = datasets.Target{Flags: flags, Width: len(flags) / b.Size, Valid: len(flags)}
		} else {
			target.Classes = golden.Int64s(name)
		}
		for _, class := range target.Classes {
			if class >= 0 {
				target.Valid++
			}
		}
		if rows := at(fmt.Sprintf("rows.%d", i)); golden.Has(rows) {
			target.Soft = datasets.Soft{Rows: golden.Int64s(rows), Logits: golden.Float32s(at(fmt.Sprintf("teacher.%d", i)))}
		}
		part.Targets = append(part.Targets, target)
	}
	b.Parts = []datasets.Part{part}
	return b
}

// parityTaught is the part of a task that a step's batch has no labels of.
func parityTaught(golden goldentest.File, step int, model *fusion.Model, task string) datasets.Part {
	part := datasets.Part{Task: task, Taught: true}
	for _, own := range model.Tasks {
		if own.Name != task {
			continue
		}
		for i := range own.Heads {
			var target datasets.Target
			if rows := fmt.Sprintf("%d/other.rows.%d", step, i); golden.Has(rows) {
				target.Soft = datasets.Soft{Rows: golden.Int64s(rows), Logits: golden.Float32s(fmt.Sprintf("%d/other.teacher.%d", step, i))}
			}
			part.Targets = append(part.Targets, target)
		}
	}
	return part
}

// expectParity replays PyTorch's steps with a trainer's and compares losses,
// gradient norms and the weights at the end.
func expectParity(t *testing.T, name string, change func(*Settings, *fusion.Model) error, parts int) {
	golden, run := goldentest.Open(t, name+".safetensors"), readParityRun(t, name+".json")
	settings := Settings{WeightDecay: 0.01, MaxGradNorm: 1, Distill: map[string]Distillation{}}
	for task, d := range run.Distill {
		settings.Distill[task] = Distillation{Alpha: d.Alpha, Temperature: d.Temperature, AnnealingRatio: d.AnnealingRatio, SoftWeight: d.SoftWeight}
	}
	model := parityModel(t, name+".safetensors")
	if change != nil {
		if err := change(&settings, model); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := New(settings, Deps{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Drop()
	schedule := NewSchedule(settings.Scheduler, run.Peak, len(run.Steps), 0.1)

	worstLoss := 0.0
	for step, want := range run.Steps {
		rate := schedule.Rate(step)
		if math.Abs(rate-want.Rate) > 1e-12 {
			t.Errorf("step %d: learning rate %v, want %v", step, rate, want.Rate)
		}
		b := parityBatch(golden, step, want.Task)
		if want.Other != "" {
			b.Parts = append(b.Parts, parityTaught(golden, step, model, want.Other))
		}
		done := float64(step) / float64(len(run.Steps))
		result, err := tr.step(context.Background(), cut(model, b, parts), StepOptions{Rate: rate, Done: done})
		losses, norm := result.Losses, result.Norm
		if err != nil || len(losses) != len(b.Parts) {
			t.Fatalf("step %d: losses %v, %v", step, losses, err)
		}
		if math.Abs(norm-want.Norm) > 1e-3*want.Norm {
			t.Errorf("step %d: gradient norm %v, want %v", step, norm, want.Norm)
		}
		compare := func(what string, got, want float64) {
			relative := math.Abs(got-want) / want
			if worstLoss = max(worstLoss, relative); !(relative <= lossLimit) {
				t.Errorf("step %d (%s): %s loss %v, want %v", step, losses[0].Task, what, got, want)
			}
		}
		compare("total", losses[0].Total, want.Loss)
		if len(run.Distill) > 0 {
			compare("hard", losses[0].Hard, want.Hard)
			if want.Soft != 0 {
				compare("soft", losses[0].Soft, want.Soft)
			} else if !math.IsNaN(losses[0].Soft) {
				t.Errorf("step %d (%s): soft loss %v of a teacher that no longer counts", step, losses[0].Task, losses[0].Soft)
			}
		}
		if want.Other != "" {
			compare("taught", losses[1].Taught, want.Taught)
			compare("weighted", losses[1].Total, want.Taught*settings.Distill[want.Other].SoftWeight)
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
	t.Logf("%d steps; largest deviation: loss %.1e (relative), weights %.1e", len(run.Steps), worstLoss, worstWeight)
}

func TestTrainingEqualsPyTorch(t *testing.T) { expectParity(t, "testdata/parity", nil, 1) }

// Teachers whose weight falls, and calls without labels of a task.
func TestAnnealingEqualsPyTorch(t *testing.T) {
	for parts := 1; parts <= 3; parts++ {
		expectParity(t, "testdata/annealed_parity", nil, parts)
	}
}

func TestDistillationEqualsPyTorch(t *testing.T) { expectParity(t, "testdata/distill_parity", nil, 1) }

// Batches whose gradients are accumulated in parts teach what PyTorch learns from the whole ones.
func TestAccumulatedTrainingEqualsPyTorch(t *testing.T) {
	for parts := 2; parts <= 5; parts++ { // of 4 examples: the last of 5 is empty
		expectParity(t, "testdata/parity", nil, parts)
		expectParity(t, "testdata/distill_parity", nil, parts)
	}
}

// Each knob beside PyTorch's, in runs that scripts/golden/knobs.py makes.
func TestKnobsEqualPyTorch(t *testing.T) {
	for name, change := range map[string]func(*Settings, *fusion.Model) error{
		"groups": func(s *Settings, _ *fusion.Model) error {
			s.LearningRate, s.HeadLearningRate, s.LayerDecay, s.NoDecayOnVectors, s.Scheduler = 1e-3, 4e-3, 0.5, true, Cosine
			return nil
		},
		"frozen": func(_ *Settings, m *fusion.Model) error {
			return m.Freeze(backbone.Frozen{Embeddings: true, Layers: 1})
		},
		"smoothing": func(_ *Settings, m *fusion.Model) error { return m.SetLabelSmoothing(0.2) },
	} {
		for parts := 1; parts <= 2; parts++ {
			for _, checkpointing := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s in %d, checkpointing %v", name, parts, checkpointing), func(t *testing.T) {
					expectParity(t, "testdata/"+name+"_parity", func(s *Settings, m *fusion.Model) error {
						m.SetCheckpointing(checkpointing)
						return change(s, m)
					}, parts)
				})
			}
		}
	}
}
