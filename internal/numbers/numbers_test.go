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
