package ranks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
)

// Each rank sends a heartbeat every beat; one without any for silence is considered
// dead.
const (
	beat    = 500 * time.Millisecond
	silence = 6 * beat
)

// trouble is the key under which the first rank to notice a failure reports it.
const trouble = "trouble"

func beatKey(rank int) string  { return "beat/" + strconv.Itoa(rank) }
func errorKey(rank int) string { return "error/" + strconv.Itoa(rank) }

// lose breaks the team up. Only the first reason is kept.
func (t *Team) lose(why string) {
	t.end(fmt.Errorf("%w: %s", ErrLost, why))
}

// watch sends heartbeats and checks for failures. Rank 0 also checks the others'
// heartbeats: a machine that is cut off doesn't break connections.
func (t *Team) watch() {
	defer close(t.watched)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	signs := make([]sign, t.place.Size)
	for n := 0; ; n++ {
		select {
		case <-t.over:
			return
		case <-t.life.Done():
			return
		case <-ticker.C:
		}
		looked := make(chan string, 1)
		go func() { looked <- t.look(n, signs) }()
		select {
		case why := <-looked:
			if why != "" {
				t.lose(why)
				return
			}
		case <-t.over:
			<-looked
			return
		case <-t.life.Done():
			return
		case <-time.After(t.timeout): // cut off: the connection hangs instead of breaking
			t.cutOff.Store(true)
			t.lose(fmt.Sprintf("%s, which keeps the store, has not answered for %v (training.rank_timeout_minutes): is this machine cut off?", t.keeper(), t.timeout))
			return
		}
	}
}

// sign is a rank's last heartbeat, and when it changed.
type sign struct {
	text string
	at   time.Time
}

// look is one beat of the watch. It returns why the team breaks up, or "".
func (t *Team) look(n int, signs []sign) string {
	err := t.beats.Set(beatKey(t.place.Rank), fmt.Sprintf("%d %d", n, t.calls.Load()))
	why, lookErr := t.trouble()
	if err = errors.Join(err, lookErr); err != nil {
		return t.storeIsGone()
	}
	if why != "" || t.place.Rank != 0 {
		return why
	}
	for rank := range signs {
		text, err := t.sign(rank)
		if now := time.Now(); err != nil || text != signs[rank].text || signs[rank].at.IsZero() {
			signs[rank] = sign{text, now}
		} else if now.Sub(signs[rank].at) > t.timeout {
			return t.announce(fmt.Sprintf("rank %d has given no sign of life for %v (training.rank_timeout_minutes)", rank, t.timeout))
		}
	}
	return ""
}

// keeper names the store's host.
func (t *Team) keeper() string {
	if t.place.Agent {
		return "the launcher"
	}
	return "rank 0"
}

// storeIsGone names the process that is gone with the store.
func (t *Team) storeIsGone() string {
	return t.keeper() + " is gone, which keeps the store: the process has died, or its machine can't be reached"
}

// trouble returns the failure that a rank has reported, or "".
func (t *Team) trouble() (string, error) {
	has, err := t.beats.Has(trouble)
	if err != nil || !has {
		return "", err
	}
	return t.beats.Get(trouble)
}

// sign returns a rank's last heartbeat; "" before the first.
func (t *Team) sign(rank int) (string, error) {
	has, err := t.beats.Has(beatKey(rank))
	if err != nil || !has {
		return "", err
	}
	return t.beats.Get(beatKey(rank))
}

// announce reports to the others why the team ends, unless another rank was faster, and
// returns the reason.
func (t *Team) announce(why string) string {
	first, err := t.beats.Add("first to notice", 1)
	if err != nil {
		return t.storeIsGone()
	}
	if first == 1 {
		if err := t.beats.Set(trouble, why); err != nil {
			return t.storeIsGone()
		}
		return why
	}
	for range 20 { // it is being written
		if told, err := t.trouble(); err != nil {
			return t.storeIsGone()
		} else if told != "" {
			return told
		}
		time.Sleep(beat / 10)
	}
	return why
}

// rollCall determines which rank made a collective fail: one that has reported a failure,
// one without heartbeats, or the last to start the collective.
func (t *Team) rollCall(err error) string {
	before, after := make([]string, t.place.Size), make([]string, t.place.Size)
	read := func(signs []string) error {
		for rank := range signs {
			var err error
			if signs[rank], err = t.sign(rank); err != nil {
				return err
			}
		}
		return nil
	}
	if read(before) != nil {
		return t.storeIsGone()
	}
	for wait := time.Duration(0); wait < silence; wait += beat {
		if why, err := t.trouble(); err != nil {
			return t.storeIsGone()
		} else if why != "" {
			return why
		}
		time.Sleep(beat)
	}
	if read(after) != nil {
		return t.storeIsGone()
	}
	var gone, late []int
	most := 0
	for _, sign := range after {
		most = max(most, callsOf(sign))
	}
	for rank := range after {
		switch {
		case rank == t.place.Rank:
		case after[rank] == before[rank]:
			gone = append(gone, rank)
		case callsOf(after[rank]) < most:
			late = append(late, rank)
		}
	}
	switch {
	case len(gone) == 1:
		return t.announce(listRanks(gone) + " is gone: the process has died, or its machine can't be reached")
	case len(gone) > 1:
		return t.announce(listRanks(gone) + " are gone: the processes have died, or their machines can't be reached")
	case len(late) > 0:
		return t.announce(fmt.Sprintf("%s didn't keep up within %v (training.rank_timeout_minutes)", listRanks(late), t.timeout))
	}
	return t.announce(fmt.Sprintf("all ranks live, but rank %d can't exchange data with them: %v", t.place.Rank, err))
}

// callsOf returns how many collectives a rank had started at a heartbeat.
func callsOf(sign string) int {
	_, calls, _ := strings.Cut(sign, " ")
	n, _ := strconv.Atoi(calls)
	return n
}

// Fail reports to the others that this rank ends because of err, and returns err as it is
// to be shown. Rank 0 speaks for all: others don't repeat what it shows.
func (t *Team) Fail(err error) error {
	rank := t.place.Rank
	if t.beats == nil { // not joined yet
		t.beats = t.store
	}
	if t.cutOff.Load() {
		return fmt.Errorf("rank %d: %w", rank, err)
	}
	setErr := t.beats.Set(errorKey(rank), err.Error())
	if !errors.Is(err, ErrLost) && !errors.Is(err, context.Canceled) {
		t.announce(fmt.Sprintf("rank %d has failed: %v", rank, err))
	}
	if rank == 0 {
		t.farewell()
		return err
	}
	if setErr == nil && t.toldByRank0(err) {
		return cli.Told(err)
	}
	return fmt.Errorf("rank %d: %w", rank, err)
}

// farewell waits briefly until the others have read the store, which ends with rank 0.
func (t *Team) farewell() {
	if t.place.Agent {
		return
	}
	for deadline := time.Now().Add(3 * beat); time.Now().Before(deadline); time.Sleep(beat / 10) {
		all := true
		for rank := 1; rank < t.place.Size && all; rank++ {
			came, err := t.beats.Has(sizeKey(rank))
			read, readErr := t.beats.Has("read/" + strconv.Itoa(rank))
			all = !came || read || err != nil || readErr != nil
		}
		if all {
			return
		}
	}
}

// toldByRank0 reports whether rank 0 ends for the same reason.
func (t *Team) toldByRank0(err error) bool {
	defer func() { _ = t.beats.Set("read/"+strconv.Itoa(t.place.Rank), "") }() // rank 0 need not wait any longer
	for deadline := time.Now().Add(silence); time.Now().Before(deadline); time.Sleep(beat / 10) {
		has, lookErr := t.beats.Has(errorKey(0))
		if lookErr != nil {
			return false
		}
		if !has {
			continue
		}
		theirs, lookErr := t.beats.Get(errorKey(0))
		return lookErr == nil && (theirs == err.Error() || errors.Is(err, ErrLost) || errors.Is(err, context.Canceled))
	}
	return false
}
