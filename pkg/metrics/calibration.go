package metrics

import (
	"math"
	"sort"
)

// DefaultBins is the usual number of bins of a calibration.
const DefaultBins = 15

// Calibration measures how well probabilities match outcomes.
type Calibration struct {
	// ECE is the expected calibration error: the mean of
	// |accuracy − confidence| over the bins, weighted by their size
	// (Guo et al., On Calibration of Modern Neural Networks, 2017).
	ECE  float64 `json:"ece"`
	Bins []Bin   `json:"bins"`
}

// Bin holds the probabilities in (Low, High]; the first bin includes 0.
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"` // mean probability; 0 if the bin is empty
	Accuracy   float64 `json:"accuracy"`   // share that came true; 0 if the bin is empty
	Count      int     `json:"count"`
}

// Calibrate sorts probabilities, 0 to 1, into bins of equal width. happened is
// whether the event with that probability came true: the predicted class was
// correct, the answer was yes. The result is NaN without bins if the lengths
// differ.
func Calibrate(probabilities []float32, happened []bool, bins int) Calibration {
	if len(probabilities) != len(happened) || bins < 1 {
		return Calibration{ECE: math.NaN()}
	}
	c := Calibration{Bins: make([]Bin, bins)}
	for i := range c.Bins {
		c.Bins[i].Low, c.Bins[i].High = float64(i)/float64(bins), float64(i+1)/float64(bins)
	}
	for i, p := range probabilities {
		bin := &c.Bins[binOf(float64(p), c.Bins)]
		bin.Count++
		bin.Confidence += float64(p)
		if happened[i] {
			bin.Accuracy++
		}
	}
	for i := range c.Bins {
		bin := &c.Bins[i]
		if bin.Count == 0 {
			continue
		}
		count := float64(bin.Count)
		bin.Confidence /= count
		bin.Accuracy /= count
		c.ECE += math.Abs(bin.Accuracy-bin.Confidence) * count / float64(len(probabilities))
	}
	return c
}

// binOf returns the index of a probability's bin.
func binOf(p float64, bins []Bin) int {
	return sort.Search(len(bins)-1, func(i int) bool { return p <= bins[i].High })
}
