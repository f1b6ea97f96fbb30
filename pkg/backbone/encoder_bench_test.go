package backbone_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// BenchmarkPrecisions runs an encoder of DistilBERT's and of MiniLM's size on one call in
// each precision by turns, and reports the medians in ms, and how many times faster than
// float32 the others are. TRIDENT_MAX_ISA narrows the instructions for 8-bit integers and float32.
func BenchmarkPrecisions(b *testing.B) {
	torchx.Configure(0)
	minilm := backbone.BERTUncased()
	minilm.Dim, minilm.Layers, minilm.HiddenDim = 384, 6, 1536
	for name, config := range map[string]backbone.Config{"DistilBERT": backbone.DistilBERTCased(), "MiniLM": minilm} {
		for _, tokens := range []int64{16, 64, 256, 400} {
			b.Run(fmt.Sprintf("%s/%d", name, tokens), func(b *testing.B) {
				p := torchx.NewParams(gotch.CPU, true)
				defer p.Drop()
				e, err := backbone.New(p, config)
				if err == nil {
					err = errors.Join(e.Round(), e.Pack())
				}
				if err != nil {
					b.Fatal(err)
				}
				t := backbone.Tokens{IDs: make([]int64, tokens), Lengths: []int64{tokens}}
				for i := range t.IDs {
					t.IDs[i] = int64(100 + 7*i)
				}
				took := map[torchx.Precision][]time.Duration{}
				precisions := []torchx.Precision{torchx.FP32, torchx.BF16, torchx.INT8}
				for b.Loop() {
					for _, precision := range precisions {
						s := torchx.Inference(gotch.CPU)
						switch precision {
						case torchx.FP32:
							s.Packed()
						case torchx.BF16:
							s.Autocast()
						case torchx.INT8:
							s.Int8()
						}
						began := time.Now()
						e.Forward(s, t)
						took[precision] = append(took[precision], time.Since(began))
						if err := s.Close(); err != nil {
							b.Fatal(err)
						}
					}
				}
				median := func(p torchx.Precision) float64 {
					slices.Sort(took[p])
					return took[p][len(took[p])/2].Seconds() * 1e3
				}
				for _, p := range precisions {
					b.ReportMetric(median(p), string(p)+"-ms")
				}
				b.ReportMetric(median(torchx.FP32)/median(torchx.BF16), "bf16-times")
				b.ReportMetric(median(torchx.FP32)/median(torchx.INT8), "int8-times")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
