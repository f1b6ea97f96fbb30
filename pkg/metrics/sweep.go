package metrics

import "math"

// Point is the scores of yes/no outputs at one threshold.
type Point struct {
	Threshold float64 `json:"threshold"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Thresholds are 0.01 to 0.99 in steps of 0.01.
func Thresholds() []float64 {
	list := make([]float64, 99)
	for i := range list {
		list[i] = float64(i+1) / 100
	}
	return list
}

// Sweep scores the answer yes at each threshold. truth is 0 or 1, and an output is
// yes if its probability is above the threshold. Pooled outputs give
// micro-averaged scores of yes. There are no points if truth and probabilities
// differ in length.
func Sweep(truth []int, probabilities []float32, thresholds []float64) []Point {
	if len(truth) != len(probabilities) {
		return nil
	}
	points := make([]Point, len(thresholds))
	for i, threshold := range thresholds {
		var c Counts
		for j, p := range probabilities {
			c.Actual += truth[j]
			if float64(p) > threshold {
				c.Predicted++
				c.Hits += truth[j]
			}
		}
		points[i] = Point{threshold, c.Precision(), c.Recall(), c.F1()}
	}
	return points
}

// BestPoint returns the point with the highest F1; on a tie the one closest to 0.5,
// then the first. It is the zero Point if there are none.
func BestPoint(points []Point) Point {
	var best Point
	for i, p := range points {
		if i == 0 || p.F1 > best.F1 || p.F1 == best.F1 && math.Abs(p.Threshold-0.5) < math.Abs(best.Threshold-0.5) {
			best = p
		}
	}
	return best
}
