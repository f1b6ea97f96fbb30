package trainer

import (
	"math"
	"testing"
)

func TestEarlyStopping(t *testing.T) {
	tests := []struct {
		name     string
		patience int
		scores   []float64
		best     int // its epoch
		stopped  int // after this epoch; 0: never
	}{
		{"always better", 1, []float64{0.1, 0.2, 0.3}, 3, 0},
		{"patience counts epochs in a row", 2, []float64{0.5, 0.4, 0.6, 0.5, 0.5, 0.9}, 3, 5},
		{"the same score is no improvement", 3, []float64{0.5, 0.5, 0.5, 0.5}, 1, 4},
		{"a first score of zero is the best so far", 2, []float64{0, 0, 0}, 1, 3},
		{"no number is never the best", 2, []float64{math.NaN(), 0.1, math.NaN(), math.NaN()}, 2, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := EarlyStopping{Patience: test.patience}
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
