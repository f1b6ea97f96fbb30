package trainer

// Progress is where a run stands between two steps, as far as its history
// doesn't tell.
type Progress struct {
	Step      int       `json:"step"`      // steps done, of the whole run
	PerEpoch  int       `json:"per_epoch"` // steps of an epoch
	Validated bool      `json:"validated"` // the validation that is due after Step, if any, is in the history
	Best      bool      `json:"best"`      // the weights are those of the best validation
	Bad       int       `json:"bad"`       // steps skipped in a row
	Interval  *interval `json:"interval"`  // what training gave since the validation before
}

// epochEnds reports whether no step of the epoch is left.
func (p Progress) epochEnds() bool { return p.Step%p.PerEpoch == 0 }

// epoch is that of the last step, from 1.
func (p Progress) epoch() int { return (p.Step-1)/p.PerEpoch + 1 }

// moved notes that a step was taken.
func (p *Progress) moved() { p.Step, p.Validated, p.Best = p.Step+1, false, false }

// fit makes p one of epochs of another length: the run goes on after its last
// complete epoch. It reports whether p had to be changed.
func (p *Progress) fit(perEpoch, completed int) bool {
	if p.PerEpoch == perEpoch {
		return false
	}
	*p = Progress{Step: completed * perEpoch, PerEpoch: perEpoch, Validated: true}
	return true
}
