// Package numbers checks and formats numbers.
package numbers

import (
	"cmp"
	"math"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Finite reports whether none of the values is an infinity or a NaN.
func Finite[T float32 | float64](values ...T) bool {
	for _, x := range values {
		if math.IsInf(float64(x), 0) || x != x {
			return false
		}
	}
	return true
}

// Argmax is the index of the largest value, the first of several; 0 if there is none.
func Argmax[T cmp.Ordered](values []T) int {
	best := 0
	for i, x := range values {
		if x > values[best] {
			best = i
		}
	}
	return best
}

// Thousands writes n with commas between groups of three digits: 66,362,880.
func Thousands(n int64) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// Of writes a number of things: "1 call", "2,000 calls". noun's plural ends in s.
func Of(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Thousands(int64(n)) + " " + noun
}

// Are is [Of] with a verb: "1 call is", "2 calls are".
func Are(n int, noun string) string {
	if n == 1 {
		return Of(n, noun) + " is"
	}
	return Of(n, noun) + " are"
}
