package ranks

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

const machinesKey = "machines"

// leads reports whether this process goes first on its machine.
func (t *Team) leads() bool { return t.place.Rank > 0 && t.place.LocalRank == 0 }

// InTurn lets rank 0 do something, then one process on each other machine, then all
// others: what the first ones create or download is there for the next. The others wait
// however long that takes, unless the team breaks up.
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
		n, err := t.count(done, 0)
		if err != nil {
			t.lose(t.storeIsGone()) // unless already lost
			return context.Cause(t.life)
		}
		if n >= before {
			break
		}
		select {
		case <-t.life.Done():
			return context.Cause(t.life)
		case <-time.After(beat / 10):
		}
	}
	if err := f(); err != nil {
		return err
	}
	if _, err := t.count(done, 1); err != nil {
		return fmt.Errorf("tell the other ranks that it is their turn: %w", err)
	}
	return nil
}

// count is [torchx.Store.Add], abandoned if the team breaks up.
func (t *Team) count(key string, add int64) (int64, error) {
	var sum int64
	err := await(t.life, func() (err error) {
		sum, err = t.store.Add(key, add)
		return err
	})
	if t.life.Err() != nil { // f may still be running
		return 0, context.Cause(t.life)
	}
	return sum, err
}
