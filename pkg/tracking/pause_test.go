package tracking

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stubStore takes batches as its test says, and nothing else.
type stubStore struct {
	store
	take func(items []item) error
}

func (s stubStore) logBatch(_ context.Context, items []item, _ int, _ func(item, error)) error {
	return s.take(items)
}
func (s stubStore) finish(context.Context, Status, int64) error { return nil }
func (s stubStore) sync() error                                 { return nil }
func (s stubStore) close()                                      {}
func (s stubStore) where() string                               { return "a stub" }

// How long a sender waits between its attempts, by the clock of synctest: what the
// server asks for, otherwise longer each time, and not at all once the
// training ends.
func TestPauses(t *testing.T) {
	busy := func(retryAfter string) error {
		return &answerError{response: &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {retryAfter}}}}
	}
	down := errors.New("connection refused")
	synctest.Test(t, func(t *testing.T) {
		answers := []error{down, down, down, down, down, down, down, down, down, busy("90"), busy("3"), busy("86400"), nil}
		// Each wait lies between this and a quarter more.
		waits := []time.Duration{
			250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
			30 * time.Second, 30 * time.Second, 90 * time.Second, 3 * time.Second, maxRetryAfter,
		}
		var times []time.Time
		s := newSender(stubStore{take: func([]item) error {
			times = append(times, time.Now())
			return answers[len(times)-1]
		}}, nil, func(string) {}, func(string) {}, defaultPace)
		s.start()
		s.push(record{Seq: 1, Metrics: map[string]float64{"m": 1}})
		if err := s.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(times) != len(answers) {
			t.Fatalf("%d attempts, want %d", len(times), len(answers))
		}
		for i, want := range waits {
			if got := times[i+1].Sub(times[i]); got < want || got > want*5/4 {
				t.Errorf("waited %v before attempt %d, want %v to %v", got, i+2, want, want*5/4)
			}
		}

		// Two minutes are asked for, but the training ends after one second.
		answers = append(answers, busy("120"), nil)
		s.push(record{Seq: 2, Metrics: map[string]float64{"m": 2}})
		time.Sleep(time.Second)
		ended := time.Now()
		if err := s.finish(t.Context(), record{Seq: 3, Status: Finished}); err != nil {
			t.Fatal(err)
		}
		if got := times[len(times)-1]; !got.Equal(ended) {
			t.Errorf("the last attempt came %v after the end", got.Sub(ended))
		}
	})
}

// Flush waits for a store that has no outbox, and gives up when its context ends.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		var taken atomic.Int64
		s := newSender(stubStore{take: func(items []item) error {
			time.Sleep(time.Second) // a slow disk
			if down.Load() {
				return errors.New("disk full")
			}
			taken.Add(int64(len(items)))
			return nil
		}}, nil, func(string) {}, func(string) {}, defaultPace)
		s.start()
		run := &Run{store: s.store, sender: s, warn: func(string) {}, metrics: newKeySpace(), lastStep: map[string]int64{}}
		log := func(steps int) {
			for step := range steps {
				run.LogMetrics(int64(step), map[string]float64{"m": 1, "n": 2})
			}
		}
		log(5)
		if err := run.Flush(t.Context()); err != nil || taken.Load() != 10 {
			t.Errorf("%d values taken after Flush, want 10 (%v)", taken.Load(), err)
		}
		down.Store(true)
		log(3)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		wantError(t, run.Flush(ctx), context.DeadlineExceeded, "a stub", "3 records waiting")
		down.Store(false)
		if err := run.Finish(t.Context(), Finished); err != nil || taken.Load() != 16 {
			t.Errorf("%d values taken after Finish, want 16 (%v)", taken.Load(), err)
		}
		if err := run.Flush(t.Context()); err != nil {
			t.Errorf("Flush after Finish: %v", err)
		}
	})
}
