package trainer

import "math"

// EarlyStopping finds the best validation, and ends a run whose score no longer
// improves.
type EarlyStopping struct {
	Patience int     // validations without improvement after which the run ends; 0: never
	MinDelta float64 // minimum increase of the score that counts as an improvement
	Lower    bool    // lower scores are better

	best    float64
	epoch   int     // of the best score, from 1; 0 before the first
	mark    float64 // the score that an improvement must beat
	waiting int     // validations since the last improvement
}

// Observe records the validation score of an epoch and reports whether it is the best so
// far. NaN never is.
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

// gain is the improvement of score over than.
func (e *EarlyStopping) gain(score, than float64) float64 {
	if e.Lower {
		return than - score
	}
	return score - than
}

// Stop reports whether the patience is exhausted.
func (e *EarlyStopping) Stop() bool { return e.Patience > 0 && e.waiting >= e.Patience }
