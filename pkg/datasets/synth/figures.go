package synth

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// figures are numbers that are neither ages nor phone numbers, by the slot's name.
var figures = map[string]func(r *rand.Rand) string{
	"amount": amount,
	"year":   func(r *rand.Rand) string { return strconv.Itoa(between(r, 1996, 2026)) },
	"clock":  clock,
	"count":  func(r *rand.Rand) string { return strconv.Itoa(between(r, 2, 48)) },
	"few":    func(r *rand.Rand) string { return numerals[between(r, 2, 12)] },
	"ref":    reference,
}

// amount returns a sum of money.
func amount(r *rand.Rand) string {
	n := between(r, 2, 90) * 50
	digits := strconv.Itoa(n)
	if n >= 1000 {
		digits = fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	switch r.IntN(4) {
	case 0:
		return "KSh " + digits
	case 1:
		return digits + " bob"
	case 2:
		return digits + "/="
	default:
		return digits + " shillings"
	}
}

// clock returns a time of day.
func clock(r *rand.Rand) string {
	hour := between(r, 1, 12)
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("%d:%02d", hour, 5*r.IntN(12))
	case 1:
		return fmt.Sprintf("%d pm", hour)
	case 2:
		return "half past " + numerals[hour]
	default:
		return numerals[hour] + " o'clock"
	}
}

// reference returns the number of a case, form or room.
func reference(r *rand.Rand) string {
	n := between(r, 11, 9899)
	switch r.IntN(3) {
	case 0:
		return fmt.Sprintf("%c-%d", 'A'+r.IntN(26), n)
	case 1:
		return fmt.Sprintf("%d/%02d", n, between(r, 12, 26))
	default:
		return strconv.Itoa(n)
	}
}
