package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/usage"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// stepSizes are models with the same operations: DistilBERT's own size, the
// quickstart's, and one whose tensors are so small that what a step takes is
// all but the computing: Go, the crossings to C, libtorch's dispatch.
var stepSizes = []struct {
	name        string
	dim, hidden int64
	layers      int64
	tokens      int // of each of 16 texts
}{
	{"full", 768, 3072, 6, 400},
	{"quickstart", 128, 256, 3, 64},
	{"overhead", 12, 12, 6, 3},
	{"overhead_quickstart", 4, 4, 3, 3},
}

func benchTrainer(b *testing.B, dim, hidden, layers int64, tokens int, bf16 bool) *Trainer {
	b.Helper()
	c := backbone.DistilBERTCased()
	if dim < 100 {
		c.VocabSize = 1001
	}
	c.Dim, c.HiddenDim, c.Layers, c.Heads = dim, hidden, layers, min(dim, c.Heads)
	if dim%c.Heads != 0 {
		c.Heads = 4
	}
	list := toyTasks()
	model, err := fusion.New(fusion.Architecture{Config: c, Tasks: list}, gotch.CPU)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(model.Drop)
	var train []datasets.Loader
	for _, task := range list {
		loader := datasets.Loader{Tasks: []tasks.Task{task}, BatchSize: 16}
		for i := range loader.BatchSize {
			ex := datasets.Example{Record: i + 1}
			for j := range tokens {
				ex.IDs = append(ex.IDs, int32(1+(7*i+5*j)%1000))
			}
			ex.Labels = []datasets.Label{toyLabel(task, ex.IDs)}
			loader.Examples = append(loader.Examples, ex)
		}
		train = append(train, loader)
	}
	t, err := New(Settings{Epochs: 1, LearningRate: 2e-5, WeightDecay: 0.01, MaxGradNorm: 1, BF16: bf16, Seed: 3}, Deps{Model: model, Train: train})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(t.Drop)
	return t
}

// BenchmarkStep is a training step: batches of each task in turn.
func BenchmarkStep(b *testing.B) {
	torchx.Configure(0)
	for _, size := range stepSizes {
		for _, bf16 := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/bf16=%v", size.name, bf16), func(b *testing.B) {
				t := benchTrainer(b, size.dim, size.hidden, size.layers, size.tokens, bf16)
				for i := 0; b.Loop(); i++ {
					if _, err := t.Step(context.Background(), t.train[i%3].Ordered()[0].Batch(), StepOptions{Rate: 2e-5}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCheckpointing is a step of the full size on 16 texts of 512 tokens, with and
// without gradient checkpointing. peak-MB is the most memory that the process holds; freed
// memory is kept, so each is measured in a process of its own.
func BenchmarkCheckpointing(b *testing.B) {
	torchx.Configure(0)
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprint(on), func(b *testing.B) {
			t := benchTrainer(b, 768, 3072, 6, 512, false)
			t.objective.(multitask).Model.(*fusion.Model).SetCheckpointing(on)
			if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200); err != nil { // VmHWM begins anew
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				if _, err := t.Step(context.Background(), t.train[i%3].Ordered()[0].Batch(), StepOptions{Rate: 2e-5}); err != nil {
					b.Fatal(err)
				}
			}
			reportPeak(b)
		})
	}
}

// reportPeak reports the most memory that the process has held since VmHWM began anew.
func reportPeak(b *testing.B) {
	b.Helper()
	peak, err := usage.PeakMemory(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
}

// BenchmarkLongCall is a step on a call of so many tokens, in windows of 512, among 15 of 256,
// with at most so many tokens at once (0: all), on an encoder of the quickstart's size. Measure each
// in a process of its own.
func BenchmarkLongCall(b *testing.B) {
	torchx.Configure(0)
	for _, tokens := range []int{256, 512, 1024, 2048, 4096, 8192, 16384, 20000} {
		for _, limit := range []int{0, 8192} {
			b.Run(fmt.Sprintf("tokens=%d/limit=%d", tokens, limit), func(b *testing.B) {
				t := benchTrainer(b, 128, 256, 3, 256, false)
				loader, model := t.train[0], t.objective.(multitask).Model.(*fusion.Model)
				call := &loader.Examples[0]
				for len(call.IDs) < tokens {
					call.IDs = append(call.IDs, int32(1+5*len(call.IDs)%1000))
				}
				call.Labels[0] = toyLabel(loader.Tasks[0], call.IDs)
				model.Windows = datasets.Windows{Length: 512, Overlap: 128}
				model.SetBatchTokens(limit)
				loader.Windows, t.settings.BatchTokens = model.Windows, limit
				if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200); err != nil { // VmHWM begins anew
					b.Fatal(err)
				}
				before, err := usage.CPUTime()
				for b.Loop() {
					passes, _ := t.passes(loader.Ordered())
					if _, err := t.step(context.Background(), passes, StepOptions{Rate: 2e-5}); err != nil {
						b.Fatal(err)
					}
				}
				after, err2 := usage.CPUTime()
				if err := errors.Join(err, err2); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric((after-before).Seconds()/float64(b.N), "cpu-s/op")
				reportPeak(b)
			})
		}
	}
}

// BenchmarkForward is the encoder's and a head's pass without gradients.
func BenchmarkForward(b *testing.B) {
	for _, size := range stepSizes[:2] {
		b.Run(size.name, func(b *testing.B) {
			t := benchTrainer(b, size.dim, size.hidden, size.layers, size.tokens, false)
			batch := t.train[0].Ordered()[0].Batch()
			for b.Loop() {
				s := torchx.Inference(gotch.CPU)
				m := t.objective.(multitask)
				hidden, mask := m.Hidden(s, batch)
				m.Logits(s, batch.Parts[0].Task, hidden, mask)
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBatch is what making a batch of 16 texts of 400 tokens takes.
func BenchmarkBatch(b *testing.B) {
	t := benchTrainer(b, 12, 12, 1, 400, false)
	for b.Loop() {
		for _, loader := range t.train {
			loader.Ordered()[0].Batch()
		}
	}
}

// BenchmarkBalance is a step of each rule for the losses' weights: batches of each task in
// turn, or a batch of each in the same step.
func BenchmarkBalance(b *testing.B) {
	torchx.Configure(0)
	for _, mixed := range []bool{false, true} {
		for _, rule := range Balances() {
			b.Run(fmt.Sprintf("mixed=%v/rule=%s", mixed, rule), func(b *testing.B) {
				t := benchTrainer(b, 128, 256, 3, 64, false)
				rules := t.settings
				rules.Balance = rule
				t, err := New(rules, Deps{Model: t.objective.(multitask).Model, Train: t.train})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(t.Drop)
				var batches []datasets.Batch
				for _, l := range t.train {
					batches = append(batches, l.Ordered()[0].Batch())
				}
				for i := 0; b.Loop(); i++ {
					passes := batches
					if !mixed {
						passes = batches[i%3 : i%3+1]
					}
					if _, err := t.step(context.Background(), passes, StepOptions{Rate: 2e-5}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
