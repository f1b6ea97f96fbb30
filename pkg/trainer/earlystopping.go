package trainer

import "math"

// EarlyStopping finds the best validation, and ends a run whose score no
// longer improves.
type EarlyStopping struct {
	Patience int     // validations without improvement that end the run; 0: none do
	MinDelta float64 // a score must be better by more than this to be an improvement
	Lower    bool    // lower scores are better

	best    float64
	epoch   int     // of the best score, from 1; 0 before the first
	mark    float64 // the score that an improvement must beat
	waiting int     // validations since the last improvement
}

// Observe takes the score of a validation in an epoch and reports whether it
// is the best so far. A score that isn't a number never is.
func (e *EarlyStopping) Observe(epoch int, score float64) bool {
	first := e.epoch == 0
	switch {
	case math.IsNaN(score) || !first && !(e.gain(score, e.mark) > e.MinDelta):
		e.waiting++
	default:
		e.mark, e.waiting = score, 0
	}
	if math.IsNaN(score) || !first && !(e.gain(score, e.best) > 0) {
		return false
	}
	e.best, e.epoch = score, epoch
	return true
}

// gain tells by how much a score is better than another.
func (e *EarlyStopping) gain(score, than float64) float64 {
	if e.Lower {
		return than - score
	}
	return score - than
}

// Stop reports whether patience is used up.
func (e *EarlyStopping) Stop() bool { return e.Patience > 0 && e.waiting >= e.Patience }
