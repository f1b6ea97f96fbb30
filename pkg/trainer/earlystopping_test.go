package trainer

import (
	"math"
	"testing"
)

func TestEarlyStopping(t *testing.T) {
	tests := []struct {
		name     string
		patience int
		minDelta float64
		lower    bool
		scores   []float64
		best     int // its epoch
		stopped  int // after this epoch; 0: never
	}{
		{"always better", 1, 0, false, []float64{0.1, 0.2, 0.3}, 3, 0},
		{"patience counts epochs in a row", 2, 0, false, []float64{0.5, 0.4, 0.6, 0.5, 0.5, 0.9}, 3, 5},
		{"the same score is no improvement", 3, 0, false, []float64{0.5, 0.5, 0.5, 0.5}, 1, 4},
		{"a first score of zero is the best so far", 2, 0, false, []float64{0, 0, 0}, 1, 3},
		{"no number is never the best", 2, 0, false, []float64{math.NaN(), 0.1, math.NaN(), math.NaN()}, 2, 4},
		{"no patience never stops", 0, 0, false, []float64{0.5, 0.4, 0.3, math.NaN(), 0.2, 0.1}, 1, 0},
		{"lower is better", 2, 0, true, []float64{0.5, 0.4, 0.6, 0.4, 0.3}, 2, 4},
		{"a small gain is the best so far, but no improvement", 2, 0.1, false, []float64{0.5, 0.55, 0.6, 0.9}, 3, 3},
		{"small gains add up to an improvement", 2, 0.1, false, []float64{0.5, 0.57, 0.64, 0.65, 0.66}, 5, 5},
		{"small falls", 2, 0.1, true, []float64{0.9, 0.85, 0.7, 0.65, 0.62, 0.2}, 5, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := EarlyStopping{Patience: test.patience, MinDelta: test.minDelta, Lower: test.lower}
			best, stopped := 0, 0
			for i, score := range test.scores {
				if e.Observe(i+1, score) {
					best = i + 1
				}
				if e.Stop() {
					stopped = i + 1
					break
				}
			}
			if best != test.best || stopped != test.stopped {
				t.Errorf("best epoch %d, stopped after %d; want %d, %d", best, stopped, test.best, test.stopped)
			}
		})
	}
}
