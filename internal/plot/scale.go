package plot

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// largest is the largest drawable magnitude: sums and differences of such numbers stay
// finite.
const largest = 1e100

// checkNumbers requires drawable numbers: finite and not absurdly large.
func checkNumbers(what string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.Abs(v) > largest {
			return fmt.Errorf("%s %d is %v, which can't be drawn", what, i, v)
		}
	}
	return nil
}

// checkShare requires a number in [0, 1].
func checkShare(what string, v float64) error {
	if !(v >= 0 && v <= 1) {
		return fmt.Errorf("the %s is %v, not within 0 and 1", what, v)
	}
	return nil
}

// scale maps the numbers [lo, hi] to positions.
type scale struct {
	lo, hi float64
	whole  bool // ticks at whole numbers only
}

// around returns the scale for some numbers, at least one. It isn't empty, even if all
// numbers are equal.
func around(values ...[]float64) scale {
	lo, hi := math.Inf(1), math.Inf(-1)
	whole := true
	for _, some := range values {
		for _, v := range some {
			lo, hi = min(lo, v), max(hi, v)
			whole = whole && v == math.Trunc(v)
		}
	}
	size := max(math.Abs(lo), math.Abs(hi))
	if hi-lo < max(1e-9*size, 1/largest) {
		pad := max(size/20, 1/largest)
		if size < 1/largest {
			pad = 1
		}
		if whole {
			pad = max(pad, 1)
		}
		lo, hi = lo-pad, hi+pad
	}
	return scale{lo, hi, whole}
}

// widened returns the scale with some space at both ends.
func (s scale) widened(share float64) scale {
	pad := share * (s.hi - s.lo)
	return scale{s.lo - pad, s.hi + pad, s.whole}
}

// to places v between a, where lo is, and b, where hi is.
func (s scale) to(v float64, a, b vg.Length) vg.Length {
	return a + vg.Length((v-s.lo)/(s.hi-s.lo))*(b-a)
}

// tick is a marked number of a scale.
type tick struct {
	at    float64
	label string
}

// ticks marks round numbers, at most n+1 of them.
func (s scale) ticks(n int) []tick {
	step := round((s.hi - s.lo) / float64(n))
	if s.whole {
		step = max(step, 1)
	}
	var ticks []tick
	slack := 1e-6
	for k := math.Ceil(s.lo/step - slack); k <= math.Floor(s.hi/step+slack); k++ {
		ticks = append(ticks, tick{at: k * step})
	}
	size := max(math.Abs(s.lo), math.Abs(s.hi))
	for i := range ticks {
		ticks[i].label = format(ticks[i].at, step, size)
	}
	return ticks
}

// round returns the smallest of 1, 2, 5 and 10 times a power of ten that is at least v.
func round(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// format formats v with enough digits to distinguish multiples of step; size is the
// scale's largest number.
func format(v, step, size float64) string {
	digits := -int(math.Floor(math.Log10(step) + 1e-9))
	if v == 0 {
		return "0"
	}
	if size >= 1e7 || digits > 4 {
		return strconv.FormatFloat(v, 'g', max(1, digits+1+int(math.Floor(math.Log10(math.Abs(v))+1e-9))), 64)
	}
	return strconv.FormatFloat(v, 'f', max(0, digits), 64)
}

func labelsOf(ticks []tick) []string {
	labels := make([]string, len(ticks))
	for i, t := range ticks {
		labels[i] = t.label
	}
	return labels
}
