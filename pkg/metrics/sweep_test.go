package metrics

import "testing"

func TestSweepEqualsScikitLearn(t *testing.T) {
	same := func(t *testing.T, got, want Point) {
		t.Helper()
		equal(t, "threshold", got.Threshold, want.Threshold)
		equal(t, "precision", got.Precision, want.Precision)
		equal(t, "recall", got.Recall, want.Recall)
		equal(t, "F1", got.F1, want.F1)
	}
	for _, c := range golden[struct {
		Name          string
		Truth         []int
		Probabilities []float32
		Points        []Point
		Best          Point
	}](t, "sweep.json") {
		t.Run(c.Name, func(t *testing.T) {
			points := Sweep(c.Truth, c.Probabilities, Thresholds())
			if len(points) != len(c.Points) {
				t.Fatalf("%d points, want %d", len(points), len(c.Points))
			}
			for i, got := range points {
				same(t, got, c.Points[i])
			}
			same(t, BestPoint(points), c.Best)
		})
	}
}

func TestBestOfEqualPointsIsNearestToTheMiddle(t *testing.T) {
	for name, c := range map[string]struct {
		points []Point
		want   float64
	}{
		"higher F1":         {[]Point{{Threshold: 0.5, F1: 0.6}, {Threshold: 0.9, F1: 0.7}}, 0.9},
		"from below":        {[]Point{{Threshold: 0.1, F1: 0.6}, {Threshold: 0.4, F1: 0.6}}, 0.4},
		"from above":        {[]Point{{Threshold: 0.6, F1: 0.6}, {Threshold: 0.7, F1: 0.6}}, 0.6},
		"two of them":       {[]Point{{Threshold: 0.25, F1: 0.6}, {Threshold: 0.75, F1: 0.6}}, 0.25},
		"none says a thing": {[]Point{{Threshold: 0.1}, {Threshold: 0.5}, {Threshold: 0.7}}, 0.5},
		"none":              {nil, 0},
	} {
		if got := BestPoint(c.points).Threshold; got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestSweepOfUnequalLengths(t *testing.T) {
	if got := Sweep([]int{1}, nil, Thresholds()); got != nil {
		t.Errorf("got %v, want no points", got)
	}
}
