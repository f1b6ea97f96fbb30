package trainer

import "math"

// EarlyStopping ends a run whose validation score no longer improves.
type EarlyStopping struct {
	Patience int // epochs without improvement that end the run

	best    float64
	epoch   int // of the best score, from 1; 0 before the first
	waiting int // epochs since then
}

// Observe takes the score of an epoch and reports whether it is the best so
// far. A score that isn't a number never is.
func (e *EarlyStopping) Observe(epoch int, score float64) bool {
	if !math.IsNaN(score) && (e.epoch == 0 || score > e.best) {
		e.best, e.epoch, e.waiting = score, epoch, 0
		return true
	}
	e.waiting++
	return false
}

// Stop reports whether patience is used up.
func (e *EarlyStopping) Stop() bool { return e.waiting >= e.Patience }
