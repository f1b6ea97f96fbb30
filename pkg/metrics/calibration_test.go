package metrics

import (
	"math"
	"testing"
)

func TestCalibrationEqualsItsDefinition(t *testing.T) {
	for _, c := range golden[struct {
		Name          string
		Probabilities []float32
		Happened      []bool
		ECE           float64
		Bins          []Bin
	}](t, "calibration.json") {
		t.Run(c.Name, func(t *testing.T) {
			got := Calibrate(c.Probabilities, c.Happened, len(c.Bins))
			equal(t, "ECE", got.ECE, c.ECE)
			for i, want := range c.Bins {
				bin := got.Bins[i]
				equal(t, "low edge", bin.Low, want.Low)
				equal(t, "high edge", bin.High, want.High)
				equal(t, "confidence", bin.Confidence, want.Confidence)
				equal(t, "accuracy", bin.Accuracy, want.Accuracy)
				if bin.Count != want.Count {
					t.Errorf("bin %d holds %d, want %d", i, bin.Count, want.Count)
				}
			}
		})
	}
}

func TestCalibrationOfNothing(t *testing.T) {
	got := Calibrate(nil, nil, DefaultBins)
	if got.ECE != 0 || len(got.Bins) != 15 {
		t.Errorf("got %+v, want 15 empty bins", got)
	}
	if got := Calibrate([]float32{1}, nil, DefaultBins); !math.IsNaN(got.ECE) {
		t.Errorf("unequal lengths: got %v, want NaN", got.ECE)
	}
}
