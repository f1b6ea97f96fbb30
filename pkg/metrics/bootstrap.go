package metrics

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a 95 % confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Bootstrap estimates the sampling error of figures: it draws the same number of
// records with replacement, Resamples times. An interval is from the 2.5th to the
// 97.5th percentile of the figure over the resamples (Efron's percentile method).
// The same seed gives the same intervals.
//
// The figure itself may be outside of the interval if resampling shifts it, as
// with the macro-F1 of classes with very few records.
type Bootstrap struct {
	Resamples int
	Seed      uint64
}

// Interval returns the interval of one figure. The function computes it for the
// records in index, of which there are records; if it returns NaN, the resample is
// ignored.
func (b Bootstrap) Interval(records int, figure func(index []int) float64) Interval {
	intervals, _ := b.Intervals(context.Background(), records, func(index []int) []float64 { return []float64{figure(index)} })
	return intervals[0]
}

// Intervals returns the intervals of several figures, all from the same resamples.
// measure always returns the same number of figures, in a slice that it may reuse.
// An interval is NaN to NaN if its figure was NaN in every resample. The only error
// is ctx's.
func (b Bootstrap) Intervals(ctx context.Context, records int, measure func(index []int) []float64) ([]Interval, error) {
	index := make([]int, records)
	for i := range index {
		index[i] = i
	}
	values := make([][]float64, len(measure(index)))
	random := rand.New(rand.NewPCG(b.Seed, 0))
	for range b.Resamples {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if records > 0 {
			for i := range index {
				index[i] = random.IntN(records)
			}
		}
		for i, value := range measure(index) {
			if !math.IsNaN(value) {
				values[i] = append(values[i], value)
			}
		}
	}
	intervals := make([]Interval, len(values))
	for i, list := range values {
		slices.Sort(list)
		intervals[i] = Interval{percentile(list, 0.025), percentile(list, 0.975)}
	}
	return intervals, nil
}

// percentile returns a percentile of a sorted list, linearly interpolated as in
// NumPy; NaN if the list is empty.
func percentile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := share * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
