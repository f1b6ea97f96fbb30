package meanof

import (
	"math"
	"testing"
)

// TestQuantile integrates the density of Student's t-distribution up to each quantile.
func TestQuantile(t *testing.T) {
	for freedom := 1; freedom <= 30; freedom++ {
		v := float64(freedom)
		a, _ := math.Lgamma((v + 1) / 2)
		b, _ := math.Lgamma(v / 2)
		density := func(x float64) float64 {
			return math.Exp(a-b) / math.Sqrt(v*math.Pi) * math.Pow(1+x*x/v, -(v+1)/2)
		}
		const steps = 20_000 // of Simpson's rule
		width, sum := t975(freedom)/steps, 0.0
		for i := range steps / 2 {
			x := float64(2*i) * width
			sum += density(x) + 4*density(x+width) + density(x+2*width)
		}
		if got := 0.5 + sum*width/3; math.Abs(got-0.975) > 5e-5*density(t975(freedom)) { // the table is rounded
			t.Errorf("%d degrees of freedom: %.7f of the distribution is below %v, want 0.975", freedom, got, t975(freedom))
		}
	}
	if t975(31) != t975(30) || t975(400) != t975(30) {
		t.Error("above 30 degrees of freedom the quantile isn't that of 30")
	}
}

func TestSpread(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		want   string
	}{
		"one":  {[]float64{0.5}, "0.500"},
		"two":  {[]float64{0, 1}, "0.500 ± 6.353"}, // 12.7062 · 0.7071 / √2
		"five": {[]float64{1, 2, 3, 4, 5}, "3.000 ± 1.963"},
		"same": {[]float64{2, 2, 2}, "2.000 ± 0.000"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Spread("%.3f", test.values); got != test.want {
				t.Errorf("%v: %s, want %s", test.values, got, test.want)
			}
		})
	}
}
