package ranks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// ErrLost is returned, wrapped, if a rank is dead or has failed. The others can't continue
// and end.
var ErrLost = torchx.ErrLost

// Team is the group of cooperating processes. All must call its methods in the same order.
// If a rank is dead they return ErrLost, with a text that names it.
type Team struct {
	place   Place
	timeout time.Duration
	store   *torchx.Store
	beats   *torchx.Store // the watch's separate connection
	group   *torchx.Group

	machines int64        // other machines than rank 0's with a process of local rank 0
	turns    int          // number of calls of InTurn
	calls    atomic.Int64 // collectives started

	over    chan struct{}
	watched chan struct{}   // closed when the watch has ended
	life    context.Context // done when the team breaks up; the cause is an ErrLost with the reason
	end     context.CancelCauseFunc
	cutOff  atomic.Bool // the store doesn't answer: calls to it would hang
}

// Join connects the processes. It waits for the others until ctx is done, but at most for
// timeout, which is also how long any later call waits for a slow rank.
func Join(ctx context.Context, p Place, timeout time.Duration) (*Team, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	t := &Team{place: p, timeout: timeout, over: make(chan struct{}), watched: make(chan struct{})}
	t.life, t.end = context.WithCancelCause(context.Background())
	err := await(ctx, func() (err error) {
		serve := p.Rank == 0 && !p.Agent
		t.store, err = torchx.OpenStore(p.Host, p.Port, serve, "trident/"+p.Attempt, timeout)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rank %d of %d: %w", p.Rank, p.Size, explainStore(p, err))
	}
	if err := t.meet(ctx); err != nil {
		return nil, t.Fail(err)
	}
	if t.beats, err = t.store.Clone(); err != nil {
		return nil, t.Fail(err)
	}
	err = await(ctx, func() (err error) {
		t.group, err = torchx.OpenGroup(t.store, p.Rank, p.Size, timeout)
		return err
	})
	if err != nil {
		return nil, t.Fail(err)
	}
	t.group.Lost = t.life.Done()
	go t.watch()
	return t, nil
}

func explainStore(p Place, err error) error {
	if p.Rank == 0 && !p.Agent {
		return fmt.Errorf("%w; MASTER_ADDR and MASTER_PORT (--master) must name this machine and a free port on it", err)
	}
	return fmt.Errorf("%w; is rank 0 running there, and can this machine reach it?", err)
}

// await runs f, and abandons it when ctx is done.
func await(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// meet waits until all ranks have reported the number of ranks.
func (t *Team) meet(ctx context.Context) error {
	rank, size := t.place.Rank, t.place.Size
	if n, err := t.store.Add("came/"+strconv.Itoa(rank), 1); err != nil {
		return err
	} else if n > 1 {
		return fmt.Errorf("two processes are rank %d: each needs a number of its own", rank)
	}
	if t.leads() {
		if _, err := t.store.Add(machinesKey, 1); err != nil {
			return err
		}
	}
	if err := t.store.Set(sizeKey(rank), strconv.Itoa(size)); err != nil {
		return err
	}
	missing := make([]int, size)
	for i := range missing {
		missing[i] = i
	}
	for deadline := time.Now().Add(t.timeout); ; {
		var err error
		missing = slices.DeleteFunc(missing, func(other int) bool {
			came, lookErr := t.store.Has(sizeKey(other))
			if lookErr == nil && came {
				var theirs string
				if theirs, lookErr = t.store.Get(sizeKey(other)); lookErr == nil && theirs != strconv.Itoa(size) {
					lookErr = fmt.Errorf("rank %d was told of %s processes, rank %d of %d: start all with the same number", other, theirs, rank, size)
				}
			}
			err = errors.Join(err, lookErr)
			return came
		})
		switch {
		case err != nil:
			return err
		case len(missing) == 0:
			t.machines, err = t.store.Add(machinesKey, 0)
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%s of %d didn't come within %v (training.rank_timeout_minutes): is each started, with the same master?", listRanks(missing), size, t.timeout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func sizeKey(rank int) string { return "size/" + strconv.Itoa(rank) }

// listRanks returns "rank 1" or "ranks 1, 2".
func listRanks(list []int) string {
	var text []string
	for _, rank := range list {
		text = append(text, strconv.Itoa(rank))
	}
	if len(list) == 1 {
		return "rank " + text[0]
	}
	return "ranks " + strings.Join(text, ", ")
}

// Place returns this process's place.
func (t *Team) Place() Place { return t.place }

// Rank returns this process's rank, from 0.
func (t *Team) Rank() int { return t.place.Rank }

// Size returns the number of processes.
func (t *Team) Size() int { return t.place.Size }

// BeginSum is [torchx.Group.BeginSum].
func (t *Team) BeginSum(params []*ts.Tensor, bf16 bool) (end func(notes []float64) error, err error) {
	sum, err := t.group.BeginSum(params, bf16)
	if err != nil {
		return nil, err
	}
	return func(notes []float64) error {
		return t.call(func() error { return sum(notes) })
	}, nil
}

// Gather is [torchx.Group.Gather].
func (t *Team) Gather(data []byte) (all [][]byte, err error) {
	err = t.call(func() (err error) {
		all, err = t.group.Gather(data)
		return err
	})
	return all, err
}

// Broadcast is [torchx.Group.Broadcast].
func (t *Team) Broadcast(tensors []*ts.Tensor) error {
	return t.call(func() error { return t.group.Broadcast(tensors) })
}

// Share returns rank 0's data.
func (t *Team) Share(data []byte) ([]byte, error) {
	if t.Rank() != 0 {
		data = nil
	}
	all, err := t.Gather(data)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// call counts a collective, and determines the cause if it fails.
func (t *Team) call(f func() error) error {
	t.calls.Add(1)
	err := f()
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrLost) {
		go func() { t.lose(t.rollCall(err)) }() // unless the watch was faster
	}
	<-t.life.Done()
	return context.Cause(t.life)
}

// Close ends the team once all ranks have finished.
func (t *Team) Close() error {
	close(t.over)
	if _, err := t.group.Gather(nil); err != nil {
		return fmt.Errorf("wait for the other ranks' end: %w", err)
	}
	t.group.Close()
	<-t.watched
	t.beats.Close()
	if t.place.Rank == 0 { // the others disconnect first
		time.Sleep(10 * time.Millisecond)
	}
	t.store.Close()
	return nil
}
