// Package numbers checks and formats numbers.
package numbers

import (
	"math"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Finite reports whether x is neither infinite nor NaN.
func Finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Thousands writes n with commas between groups of three digits: 66,362,880.
func Thousands(n int64) string { return message.NewPrinter(language.English).Sprintf("%d", n) }
