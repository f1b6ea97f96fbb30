package numbers_test

import (
	"math"
	"testing"

	"github.com/trident-nlp/trident/internal/numbers"
)

func TestFinite(t *testing.T) {
	for x, want := range map[float64]bool{0: true, -1.5: true, math.MaxFloat64: true, math.Inf(1): false, math.Inf(-1): false} {
		if got := numbers.Finite(x); got != want {
			t.Errorf("%v: %v, want %v", x, got, want)
		}
	}
	if numbers.Finite(math.NaN()) {
		t.Error("NaN is finite")
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 66362880: "66,362,880", -1234: "-1,234"} {
		if got := numbers.Thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestFiniteOfSeveral(t *testing.T) {
	nan, infinity := float32(math.NaN()), float32(math.Inf(-1))
	for name, test := range map[string]struct {
		values []float32
		want   bool
	}{"none": {nil, true}, "all": {[]float32{1, -2}, true}, "a NaN": {[]float32{1, nan}, false}, "an infinity": {[]float32{infinity, 1}, false}} {
		if got := numbers.Finite(test.values...); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestArgmax(t *testing.T) {
	for want, values := range [][]float64{{1, 0}, {-2, -1, -3}, {0, 1, 2, 2}} {
		if got := numbers.Argmax(values); got != want {
			t.Errorf("%v: %d, want %d", values, got, want)
		}
	}
	if got := numbers.Argmax([]int(nil)); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

func TestOf(t *testing.T) {
	for n, want := range map[int]string{0: "0 calls", 1: "1 call", 2: "2 calls", 1000: "1,000 calls"} {
		if got := numbers.Of(n, "call"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{1: "1 call is", 2: "2 calls are"} {
		if got := numbers.Are(n, "call"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
