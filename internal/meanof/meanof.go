// Package meanof is the mean of a few runs, with its 95 % interval.
package meanof

import (
	"fmt"
	"math"
)

// Of is the mean of some values.
func Of(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Margin is half the width of the 95 % interval of the mean, by Student's t-distribution:
// t · s / √n. ok is false for fewer than two values, which have none.
func Margin(values []float64) (half float64, ok bool) {
	n := len(values)
	if n < 2 {
		return 0, false
	}
	m, sum := Of(values), 0.0
	for _, v := range values {
		sum += (v - m) * (v - m)
	}
	return t975(n-1) * math.Sqrt(sum/float64(n-1)/float64(n)), true
}

// t975 is the 97.5 % quantile of Student's t-distribution. Above 30 degrees of freedom it
// is that of 30, which makes intervals up to 4 % too wide.
func t975(freedom int) float64 {
	table := [...]float64{
		12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
		2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
		2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
	}
	return table[min(freedom, len(table))-1]
}

// Spread writes the mean of some values with its 95 % interval, or a single value alone.
func Spread(format string, values []float64) string {
	text := fmt.Sprintf(format, Of(values))
	if half, ok := Margin(values); ok {
		text += " ± " + fmt.Sprintf(format, half)
	}
	return text
}
