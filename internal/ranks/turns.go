package ranks

import (
	"fmt"
	"strconv"
	"time"
)

const machinesKey = "machines"

// leads reports whether this process goes before the others on its machine.
func (t *Team) leads() bool { return t.place.Rank > 0 && t.place.LocalRank == 0 }

// InTurn lets rank 0 do something, then one process on each other machine, then
// all others: what the first makes or fetches is there for the next. However long
// that takes, the others wait, unless the team breaks up.
func (t *Team) InTurn(f func() error) error {
	t.turns++
	done := "turn/" + strconv.Itoa(t.turns)
	before := 1 + t.machines
	switch {
	case t.place.Rank == 0:
		before = 0
	case t.leads():
		before = 1
	}
	for {
		n, err := t.store.Add(done, 0)
		if err != nil {
			t.lose(t.storeIsGone())
		} else if n >= before {
			break
		}
		select {
		case <-t.lost:
			return fmt.Errorf("%w: %s", ErrLost, t.why)
		case <-time.After(beat / 10):
		}
	}
	if err := f(); err != nil {
		return err
	}
	if _, err := t.store.Add(done, 1); err != nil {
		return fmt.Errorf("tell the other ranks that it is their turn: %w", err)
	}
	return nil
}
