package fusion

import (
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// BenchmarkPredict is one call of 400 tokens through a model of DistilBERT's
// size, all tasks, from its text to its labels.
func BenchmarkPredict(b *testing.B) {
	torchx.Configure(0)
	_, small := newTestPredictor(b)
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] my son is beaten .")
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(Architecture{Config: backbone.DistilBERTCased(), Tasks: small.Tasks}, gotch.CPU)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Drop()
	p := NewPredictor(m, tok)
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
