package metrics

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestPercentilesEqualNumPys(t *testing.T) {
	for _, c := range golden[struct {
		Values    []float64
		Low, High float64
	}](t, "percentiles.json") {
		b := Bootstrap{Resamples: len(c.Values)}
		next := 0
		got := b.Interval(0, func([]int) float64 { // the first call asks only for the number of figures
			next++
			return append([]float64{0}, c.Values...)[next-1]
		})
		equal(t, "low", got.Low, c.Low)
		equal(t, "high", got.High, c.High)
	}
}

// share is the figure of records of which that many hold.
func share(holds []int) func(index []int) float64 {
	return func(index []int) float64 {
		count := 0
		for _, i := range index {
			count += holds[i]
		}
		return float64(count) / float64(len(index))
	}
}

func holds(n int, p float64) []int {
	list := make([]int, n)
	for i := range int(math.Round(float64(n) * p)) {
		list[i] = 1
	}
	return list
}

// The interval of a share is known: p ± 1.96·√(p(1−p)/n).
func TestIntervalOfAShare(t *testing.T) {
	for _, c := range []struct {
		n int
		p float64
	}{{100, 0.5}, {1000, 0.5}, {1000, 0.8}, {4000, 0.1}} {
		got := Bootstrap{Resamples: 2000, Seed: 1}.Interval(c.n, share(holds(c.n, c.p)))
		half := 1.96 * math.Sqrt(c.p*(1-c.p)/float64(c.n))
		if math.Abs(got.Low-(c.p-half)) > 0.2*half || math.Abs(got.High-(c.p+half)) > 0.2*half {
			t.Errorf("%v of %d: got %+v, want %.4f to %.4f", c.p, c.n, got, c.p-half, c.p+half)
		}
	}
}

func TestIntervalsAreThoseOfTheSeed(t *testing.T) {
	figure := share(holds(50, 0.5))
	once := Bootstrap{Resamples: 200, Seed: 3}.Interval(50, figure)
	if again := (Bootstrap{Resamples: 200, Seed: 3}).Interval(50, figure); again != once {
		t.Errorf("the same seed: %v and %v", once, again)
	}
	differs := false
	for seed := range uint64(3) {
		differs = differs || Bootstrap{Resamples: 200, Seed: seed}.Interval(50, figure) != once
	}
	if !differs {
		t.Error("four seeds gave the same interval")
	}
	both, err := Bootstrap{Resamples: 200, Seed: 3}.Intervals(t.Context(), 50, func(index []int) []float64 {
		return []float64{figure(index), 1 - figure(index)}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Interval{once, {1 - once.High, 1 - once.Low}}
	for i := range want {
		equal(t, "low", both[i].Low, want[i].Low)
		equal(t, "high", both[i].High, want[i].High)
	}
}

// Resampling can be ended.
func TestBootstrapIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := Bootstrap{Resamples: 1 << 40}.Intervals(ctx, 5, func([]int) []float64 {
		if calls++; calls == 10 {
			cancel()
		}
		return []float64{0}
	})
	if !errors.Is(err, context.Canceled) || calls != 10 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestResamplesWithoutAFigureDontCount(t *testing.T) {
	calls := 0
	got := Bootstrap{Resamples: 100}.Interval(3, func([]int) float64 {
		calls++
		if calls%2 == 0 {
			return math.NaN()
		}
		return 0.25
	})
	if got != (Interval{0.25, 0.25}) {
		t.Errorf("got %v, want 0.25 twice", got)
	}
	got = Bootstrap{Resamples: 100}.Interval(3, func([]int) float64 { return math.NaN() })
	if !math.IsNaN(got.Low) || !math.IsNaN(got.High) {
		t.Errorf("no figure at all: got %v, want NaN", got)
	}
}

func TestResamplesAreDrawnWithReplacement(t *testing.T) {
	var seen [][]int
	Bootstrap{Resamples: 20, Seed: 5}.Interval(10, func(index []int) float64 {
		seen = append(seen, append([]int(nil), index...))
		return 0
	})
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !reflect.DeepEqual(seen[0], want) {
		t.Errorf("first call: got %v, want all records", seen[0])
	}
	repeats := false
	for _, index := range seen[1:] {
		drawn := map[int]bool{}
		for _, i := range index {
			if i < 0 || i >= 10 {
				t.Fatalf("record %d of 10", i)
			}
			repeats = repeats || drawn[i]
			drawn[i] = true
		}
	}
	if len(seen) != 21 || !repeats {
		t.Errorf("%d calls, repeats: %v", len(seen), repeats)
	}
}

func BenchmarkBootstrap(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	right := make([]int, 1000)
	for i := range right {
		right[i] = random.IntN(2)
	}
	for b.Loop() {
		Bootstrap{Resamples: 1000}.Interval(len(right), share(right))
	}
}
