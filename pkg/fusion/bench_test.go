package fusion

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/usage"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// newBenchPredictor has a model of DistilBERT's size, with random weights, for the three
// tasks.
func newBenchPredictor(b *testing.B, w datasets.Windows) *Predictor {
	b.Helper()
	torchx.Configure(0)
	_, small := newTestPredictor(b)
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] my son is beaten .")
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(Architecture{Config: backbone.DistilBERTCased(), Tasks: small.Tasks, Windows: w}, gotch.CPU)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Drop)
	return NewPredictor(m, tok)
}

// BenchmarkLongCall is one call of so many tokens through that model, which reads windows
// of 512 tokens that share 128: processor time, which other processes hardly affect, and the
// memory that the process has taken at most so far, beside the model. Calls become longer, so
// that the last took it. Run it with -benchtime 1x.
func BenchmarkLongCall(b *testing.B) {
	p := newBenchPredictor(b, datasets.Windows{Length: 512, Overlap: 128})
	for _, precision := range []torchx.Precision{torchx.FP32, torchx.INT8} {
		o := PredictOptions{Precision: precision}
		if _, err := p.Predict(b.Context(), []datasets.Transcript{"son"}, o); err != nil { // rounds the weights
			b.Fatal(err)
		}
		debug.FreeOSMemory()
		err := usage.ForgetPeak()
		before, err2 := usage.PeakMemory(os.Getpid())
		if err := errors.Join(err, err2); err != nil {
			b.Fatal(err)
		}
		for tokens := 256; tokens <= 16_384; tokens *= 2 {
			text := []datasets.Transcript{datasets.Transcript(strings.Repeat("son ", tokens-2))}
			b.Run(fmt.Sprintf("%s/%d", precision, tokens), func(b *testing.B) {
				started, err := usage.CPUTime()
				for b.Loop() {
					if _, err := p.Predict(b.Context(), text, o); err != nil {
						b.Fatal(err)
					}
				}
				ended, err2 := usage.CPUTime()
				peak, err3 := usage.PeakMemory(os.Getpid())
				if err := errors.Join(err, err2, err3); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric((ended-started).Seconds()/float64(b.N), "cpu-s/op")
				b.ReportMetric(float64(peak-before)/(1<<20), "MB")
			})
		}
	}
}

// BenchmarkPredict is one call of 400 tokens through a model of DistilBERT's
// size, all tasks, from its text to its labels.
func BenchmarkPredict(b *testing.B) {
	p := newBenchPredictor(b, datasets.Windows{})
	text := []datasets.Transcript{datasets.Transcript(strings.Repeat("son ", 398))}
	for _, precision := range []torchx.Precision{torchx.FP32, torchx.BF16, torchx.INT8} {
		b.Run(string(precision), func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Predict(b.Context(), text, PredictOptions{Precision: precision}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
