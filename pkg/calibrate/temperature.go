package calibrate

import (
	"errors"
	"math"
)

// Bounds of a temperature.
const (
	lowest  = 0.05
	highest = 20
)

// ErrNoTemperature means that no temperature between 0.05 and 20 has the lowest negative
// log-likelihood: for instance because the model makes no mistake, so that the sharpest
// would be best.
var ErrNoTemperature = errors.New("no temperature is best")

// Temperature returns the temperature with the lowest [Outputs.NLL]. The NLL is convex in
// 1/t, so that there is one, unless it is beyond the bounds: [ErrNoTemperature].
func (o Outputs) Temperature() (float64, error) {
	if err := o.check(); err != nil {
		return 1, err
	}
	low, high := math.Log(1/float64(highest)), math.Log(1/lowest) // of 1/t
	if !(o.slope(math.Exp(low)) < 0 && o.slope(math.Exp(high)) > 0) {
		return 1, ErrNoTemperature
	}
	for high-low > 1e-10 {
		middle := (low + high) / 2
		if o.slope(math.Exp(middle)) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp(-(low + high) / 2), nil
}

// slope returns the derivative by b = 1/t of the sum of the negative log-likelihoods: the
// sum of the expected minus the true label's logit.
func (o Outputs) slope(b float64) float64 {
	var sum float64
	for i := range o.rows() {
		row := o.row(i)
		if o.YesNo {
			for k, x := range row {
				if truth := o.Truth[i*o.Labels+k]; truth >= 0 {
					sum += float64(x) * (Sigmoid(x, 1/b) - float64(truth))
				}
			}
			continue
		}
		truth := o.Truth[i]
		if truth < 0 || truth >= o.Labels {
			continue
		}
		top := float64(row[0])
		for _, x := range row {
			top = max(top, float64(x))
		}
		var exps, expected float64
		for _, x := range row {
			e := math.Exp((float64(x) - top) * b)
			exps += e
			expected += e * (float64(x) - top)
		}
		sum += expected/exps - (float64(row[truth]) - top)
	}
	return sum
}
