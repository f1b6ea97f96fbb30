package torchx

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// BenchmarkProducts multiplies with one thread, packed and unpacked, with each instruction
// set and by libtorch. It reports billions of multiply-adds per second.
func BenchmarkProducts(b *testing.B) {
	Configure(1)
	for _, size := range []struct{ rows, in, out int64 }{{16, 768, 768}, {64, 768, 768}, {128, 768, 768}, {512, 768, 768}, {512, 768, 3072}, {512, 3072, 768}} {
		p := NewParams(gotch.CPU, true)
		defer p.Drop()
		l := NewLinear(p, "l", size.in, size.out)
		run := func(name string, product func(s *Scope, x *ts.Tensor)) {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", size.rows, size.in, size.out, name), func(b *testing.B) {
				outer := Inference(gotch.CPU)
				x := outer.Float32s(waves(int(size.rows*size.in)), size.rows, size.in)
				for b.Loop() {
					s := Inference(gotch.CPU)
					product(s, x)
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
				}
				if err := outer.Close(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(size.rows*size.in*size.out)*float64(b.N)/1e9/b.Elapsed().Seconds(), "GMAC/s")
			})
		}
		run("libtorch", func(s *Scope, x *ts.Tensor) {
			s.run("linear", func() (*ts.Tensor, error) { return ts.Linear(x, l.Weight, l.Bias) }, x)
		})
		for _, set := range []isa{avx2ISA, avx512ISA} {
			if !slices.Contains(isas(), set) {
				continue
			}
			packed := l
			if err := packed.packFor(set); err != nil {
				b.Fatal(err)
			}
			run(set.String(), func(s *Scope, x *ts.Tensor) { s.ownLinearsWith(set, x, l) })
			run(set.String()+"-packed", func(s *Scope, x *ts.Tensor) { s.packedLinearsWith(set, x, []*packedWeights{packed.packed}, false) })
		}
	}
}
