package trainer

// Progress is the position of a run between two steps, in addition to its history.
type Progress struct {
	Step      int       `json:"step"`      // steps done, of the whole run
	PerEpoch  int       `json:"per_epoch"` // steps in an epoch
	Validated bool      `json:"validated"` // a validation due after Step is already in the history
	Best      bool      `json:"best"`      // the weights are those of the best validation
	Bad       int       `json:"bad"`       // steps skipped in a row
	Interval  *interval `json:"interval"`  // results of training since the last validation
	Balance   balance   `json:"balance"`   // of the tasks' losses
}

// epochEnds reports whether the epoch has no remaining steps.
func (p Progress) epochEnds() bool { return p.Step%p.PerEpoch == 0 }

// epoch returns the epoch of the last step, from 1.
func (p Progress) epoch() int { return (p.Step-1)/p.PerEpoch + 1 }

// moved records that a step was taken.
func (p *Progress) moved() { p.Step, p.Validated, p.Best = p.Step+1, false, false }

// fit adapts p to epochs of a different length: the run continues after its last
// complete epoch. It reports whether p was changed.
func (p *Progress) fit(perEpoch, completed int) bool {
	if p.PerEpoch == perEpoch {
		return false
	}
	*p = Progress{Step: completed * perEpoch, PerEpoch: perEpoch, Validated: true, Balance: p.Balance}
	return true
}
