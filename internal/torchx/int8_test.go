package torchx

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/goldentest"
)

// int8Reference is what a rounded layer computes, in float64: each row of x and
// each output's weights are rounded to whole numbers of at most 127.
func int8Reference(x, weight, bias []float32, in, out int) []float64 {
	var result []float64
	for row := range slices.Chunk(x, in) {
		xs, xScale := rounded(row)
		for o := range out {
			ws, wScale := rounded(weight[o*in : (o+1)*in])
			sum := 0.0
			for i := range xs {
				sum += xs[i] * ws[i]
			}
			result = append(result, sum*xScale*wScale+float64(bias[o]))
		}
	}
	return result
}

func rounded(values []float32) (whole []float64, scale float64) {
	var most float32
	for _, v := range values {
		most = max(most, float32(math.Abs(float64(v))))
	}
	if most == 0 {
		return make([]float64, len(values)), 0
	}
	for _, v := range values {
		whole = append(whole, math.RoundToEven(float64(v*(127/most))))
	}
	return whole, float64(most / 127)
}

func TestInt8Linear(t *testing.T) {
	for _, size := range []struct{ rows, in, out int }{
		{1, 4, 64}, {6, 8, 64}, {7, 768, 100}, {13, 7, 5}, {2, 1, 1}, {25, 33, 130},
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			p := NewParams(gotch.CPU, true)
			defer p.Drop()
			l := NewLinear(p, "l", int64(size.in), int64(size.out))
			if err := l.Quantize(); err != nil {
				t.Fatal(err)
			}
			values := waves(size.rows * size.in)
			clear(values[:size.in]) // a row of zeros has no scale
			s := Inference(gotch.CPU)
			defer s.Close()
			x := s.Float32s(values, int64(size.rows), int64(size.in))
			weight, bias := s.ReadFloat32(l.Weight), s.ReadFloat32(l.Bias)
			exact := s.ReadFloat32(s.Linear(x, l))
			s.Int8()
			fast := s.ReadFloat32(s.Linear(x, l))
			gelu, geluWant := s.ReadFloat32(s.LinearGELU(x, l)), s.ReadFloat32(s.GELU(s.Linear(x, l)))
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			want := int8Reference(values, weight, bias, size.in, size.out)
			for i := range want {
				if d := math.Abs(float64(fast[i]) - want[i]); d > goldentest.Rounding*(1+math.Abs(want[i])) {
					t.Fatalf("element %d is %v, want %v", i, fast[i], want[i])
				}
				if d := math.Abs(float64(fast[i] - exact[i])); d > 0.03 {
					t.Fatalf("element %d is %v, in float32 %v", i, fast[i], exact[i])
				}
				if d := math.Abs(float64(gelu[i] - geluWant[i])); d > goldentest.Rounding*(1+math.Abs(float64(geluWant[i]))) {
					t.Fatalf("GELU of element %d is %v, want %v", i, gelu[i], geluWant[i])
				}
			}
			for _, set := range isas() {
				got := s.ReadFloat32(s.int8LinearsWith(set, x, []*int8Weights{l.int8}, false)[0])
				if s.Err() != nil || !slices.Equal(got, fast) {
					t.Errorf("%s and what a Scope takes differ; %v", set, s.Err())
				}
			}
		})
	}
}

// All instruction sets' sums are the same, bit for bit: also those of the largest
// weights and activations, whose products don't fit into 16 bits together.
func TestInt8SumsAreTheSameOnEveryISA(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	whole := map[string]func(i int) float32{
		"largest":     func(int) float32 { return 127 },
		"smallest":    func(int) float32 { return -127 },
		"alternating": func(i int) float32 { return float32(127 - 254*(i%2)) },
		"in pairs":    func(i int) float32 { return float32(127 - 254*(i/2%2)) },
		"at 128":      func(i int) float32 { return float32(1 + 126*(i%2)) }, // a pair that just fits
		"at 129":      func(i int) float32 { return float32(2 + 125*(i%2)) },
		"any":         func(int) float32 { return float32(random.IntN(255) - 127) },
		"rarely":      func(i int) float32 { return float32(random.IntN(255)-127) * float32(i%37/36) },
		"normal":      func(int) float32 { return float32(math.Round(max(-127, min(127, 40*random.NormFloat64())))) },
	}
	for _, size := range []struct{ rows, in, out int }{{1, 2, 3}, {5, 64, 64}, {34, 130, 100}, {7, 768, 65}} {
		for of, weight := range whole {
			for given, activation := range whole {
				t.Run(fmt.Sprint(size, of, given), func(t *testing.T) {
					// With a 127 in each row the scales are 1, and nothing is rounded.
					fill := func(rows int, f func(int) float32) []float32 {
						var list []float32
						for range rows {
							list = append(list, 127)
							for i := range size.in - 1 {
								list = append(list, f(i+1))
							}
						}
						return list
					}
					w, x := fill(size.out, weight), fill(size.rows, activation)
					p := NewParams(gotch.CPU, true)
					defer p.Drop()
					l := NewLinearNormal(p, "l", int64(size.in), int64(size.out), 1)
					if err := SetBytes(l.Weight, littleEndian(w), gotch.Float, []int64{int64(size.out), int64(size.in)}); err != nil {
						t.Fatal(err)
					}
					if err := l.Quantize(); err != nil {
						t.Fatal(err)
					}
					s := Inference(gotch.CPU)
					defer s.Close()
					for _, set := range isas() {
						got := s.ReadFloat32(s.int8LinearsWith(set, s.Float32s(x, int64(size.rows), int64(size.in)), []*int8Weights{l.int8}, false)[0])
						if s.Err() != nil {
							t.Fatal(s.Err())
						}
						for i, y := range got {
							var want int32
							for j := range size.in {
								want += int32(x[i/size.out*size.in+j]) * int32(w[i%size.out*size.in+j])
							}
							if y != float32(want) {
								t.Fatalf("%s: output %d of row %d is %v, want %d", set, i%size.out, i/size.out, y, want)
							}
						}
					}
				})
			}
		}
	}
}

func littleEndian(values []float32) []byte {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

// A row's result doesn't hang on the rows beside it.
func TestInt8RowsAreIndependent(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	l := NewLinear(p, "l", 48, 70)
	if err := l.Quantize(); err != nil {
		t.Fatal(err)
	}
	s := Inference(gotch.CPU)
	defer s.Close()
	s.Int8()
	x := s.Float32s(waves(11*48), 11, 48)
	together := s.ReadFloat32(s.Linear(x, l))
	for row := range int64(11) {
		alone := s.ReadFloat32(s.Linear(s.Narrow(x, 0, row, 1), l))
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		if !slices.Equal(alone, together[row*70:(row+1)*70]) {
			t.Errorf("row %d differs alone", row)
		}
	}
}

// What isn't finite in a row stays so, and doesn't become a number; other rows don't
// notice. Numbers too small for a scale count as 0.
func TestInt8KeepsWhatIsNotFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, in := range []int{5, 40} {
		p := NewParams(gotch.CPU, true)
		defer p.Drop()
		l := NewLinear(p, "l", int64(in), 70)
		if err := l.Quantize(); err != nil {
			t.Fatal(err)
		}
		s := Inference(gotch.CPU)
		defer s.Close()
		bias := s.ReadFloat32(l.Bias)
		for _, odd := range []float32{nan, -nan, inf, -inf, 1e-45, -1e-40} {
			values := waves(3 * in)
			clear(values[in : 2*in])
			usual := s.ReadFloat32(s.int8Linears(s.Float32s(values, 3, int64(in)), []*int8Weights{l.int8}, false)[0])
			for at := range in {
				for _, set := range isas() {
					changed := slices.Clone(values)
					changed[in+at] = odd
					got := s.ReadFloat32(s.int8LinearsWith(set, s.Float32s(changed, 3, int64(in)), []*int8Weights{l.int8}, false)[0])
					if !slices.Equal(got[:70], usual[:70]) || !slices.Equal(got[140:], usual[140:]) {
						t.Errorf("%v at %d of %d: another row has changed", odd, at, in)
					}
					for o, v := range got[70:140] {
						tiny := odd == 1e-45 || odd == -1e-40
						if tiny && v != bias[o] || !tiny && !math.IsNaN(float64(v)) {
							t.Fatalf("%v at %d of %d: output %d is %v", odd, at, in, o, v)
						}
					}
				}
			}
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
	}
}

func TestInt8RoundsNoWeightThatIsNotFinite(t *testing.T) {
	p := NewParams(gotch.CPU, true)
	defer p.Drop()
	l := NewLinear(p, "l", 40, 70)
	for _, odd := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		data := make([]byte, 4*40*70)
		binary.LittleEndian.PutUint32(data[4*(7*40+39):], math.Float32bits(odd))
		if err := SetBytes(l.Weight, data, gotch.Float, []int64{70, 40}); err != nil {
			t.Fatal(err)
		}
		if err := l.Quantize(); err == nil || !strings.Contains(err.Error(), "the weights of output 7 are not finite") {
			t.Errorf("%v: error %v", odd, err)
		}
	}
}

func TestInt8IsForInferenceOnly(t *testing.T) {
	s := Training(gotch.CPU)
	s.Int8()
	if err := s.Close(); err == nil {
		t.Error("no error in a training scope")
	}
	if err := new(Linear).Quantize(); err == nil {
		t.Error("no error without weights")
	}
}

// waves are n numbers without a pattern that matters.
func waves(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(math.Sin(float64(i*i) * 0.37))
	}
	return list
}

// bells are n numbers of a normal distribution, as a layer norm's are.
func bells(n int) []float32 {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(random.NormFloat64())
	}
	return list
}

func BenchmarkLinear(b *testing.B) {
	for _, size := range [][3]int64{{64, 768, 768}, {400, 768, 768}, {400, 768, 3072}, {400, 3072, 768}} {
		for _, precision := range []Precision{FP32, BF16, INT8} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", size[0], size[1], size[2], precision), func(b *testing.B) {
				p := NewParams(gotch.CPU, true)
				defer p.Drop()
				l := NewLinearNormal(p, "l", size[1], size[2], 0.02)
				if err := l.Quantize(); err != nil {
					b.Fatal(err)
				}
				s := Inference(gotch.CPU)
				defer s.Close()
				switch precision {
				case BF16:
					s.Autocast()
				case INT8:
					s.Int8()
				}
				x := s.Float32s(bells(int(size[0]*size[1])), size[0], size[1])
				for b.Loop() {
					s.Block(func() *ts.Tensor {
						s.Linear(x, l)
						return x
					})
				}
				if s.Err() != nil {
					b.Fatal(s.Err())
				}
				b.ReportMetric(2*float64(size[0]*size[1]*size[2])*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gop/s")
			})
		}
	}
}
