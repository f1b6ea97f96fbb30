package tracking

import (
	"context"
	"fmt"
	"sync"
)

// queue holds records in order until they are delivered. It has many writers, one
// reader and no limit: records are small, and a run has few.
type queue struct {
	mu      sync.Mutex
	records []record
	closed  bool
	dropped int           // number of delivered records
	wake    chan struct{} // holds one token if there may be new records
	moved   chan struct{} // closed by the next drop
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), moved: make(chan struct{})}
}

func (q *queue) push(r record) {
	q.mu.Lock()
	q.records = append(q.records, r)
	q.mu.Unlock()
	q.signal()
}

// close marks the end of the queue.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// peek waits for records and returns the first ones, at most limit; they stay in
// the queue. It returns none when ctx ends or the queue is closed and empty.
func (q *queue) peek(ctx context.Context, limit int) []record {
	for {
		q.mu.Lock()
		batch, closed := q.records[:min(limit, len(q.records))], q.closed
		q.mu.Unlock()
		if len(batch) > 0 || closed {
			return batch
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		}
	}
}

// drop removes the first n records.
func (q *queue) drop(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.records[:n])
	q.records = q.records[n:]
	q.dropped += n
	close(q.moved)
	q.moved = make(chan struct{})
}

// settle waits until all current records have been dropped, or ctx ends.
func (q *queue) settle(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for all := q.dropped + len(q.records); q.dropped < all; {
		moved := q.moved
		q.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-moved:
		}
		q.mu.Lock()
		if q.dropped < all && ctx.Err() != nil {
			return fmt.Errorf("%s waiting: %w", describe(all-q.dropped, "record"), context.Cause(ctx))
		}
	}
	return nil
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.records)
}
