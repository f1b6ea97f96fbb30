package metrics

import (
	"math"
	"sort"
)

// DefaultBins is the usual number of bins of a calibration.
const DefaultBins = 15

// Calibration says how far probabilities can be taken at their word.
type Calibration struct {
	// ECE is the expected calibration error: the mean over the bins, each
	// counting as often as it was hit, of |accuracy − confidence|
	// (Guo et al., On Calibration of Modern Neural Networks, 2017).
	ECE  float64 `json:"ece"`
	Bins []Bin   `json:"bins"`
}

// Bin holds the probabilities in (Low, High], the first bin those of 0 too.
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"` // mean probability, 0 if there are none
	Accuracy   float64 `json:"accuracy"`   // share of what came true, 0 if there are none
	Count      int     `json:"count"`
}

// Calibrate sorts probabilities, 0 to 1, into bins of equal width. happened
// says whether what had that probability came true: the likeliest class was
// right, the answer was yes. NaN without bins if the lengths differ.
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

// binOf is the index of the bin that a probability falls into.
func binOf(p float64, bins []Bin) int {
	return sort.Search(len(bins)-1, func(i int) bool { return p <= bins[i].High })
}
