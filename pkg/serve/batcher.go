package serve

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/trident-nlp/trident/pkg/fusion"
)

// batching says how pieces of several requests become batches.
type batching struct {
	size   int           // pieces in a batch, at most
	tokens int           // their tokens, padding included, unless a single one has more
	wait   time.Duration // how long a piece may wait for others while the model is idle
}

// batcher puts pieces of many requests into batches. One goroutine, pinned to
// its thread, owns the model: libtorch's threads are then those of one pool.
type batcher struct {
	batching
	read    func([]fusion.Piece) error // runs the model
	changed chan struct{}              // holds a value after the queue has changed
	ended   chan struct{}              // closed when the owner has ended

	mu     sync.Mutex
	queue  []queued // in the order of arrival
	closed bool
	pace   pace
}

type queued struct {
	fusion.Piece
	work *work
}

// work is one request's pieces on their way.
type work struct {
	left    int // pieces without an answer; the owner's
	arrived time.Time
	times   times
	done    chan outcome // has room for the one value
}

type outcome struct {
	times times
	err   error
}

// times are where a request's time went.
type times struct{ queue, model time.Duration }

var errClosed = errors.New("the batcher is closed")

func newBatcher(b batching, read func([]fusion.Piece) error) *batcher {
	owner := &batcher{batching: b, read: read, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go owner.run()
	return owner
}

// submit waits until pieces, at least one, have been read. When ctx ends first,
// those that the model hasn't begun are taken out of the queue.
func (b *batcher) submit(ctx context.Context, pieces []fusion.Piece) (times, error) {
	w := &work{left: len(pieces), arrived: time.Now(), done: make(chan outcome, 1)}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return times{}, errClosed
	}
	for _, p := range pieces {
		b.queue = append(b.queue, queued{p, w})
	}
	b.mu.Unlock()
	b.wake()
	select {
	case o := <-w.done:
		if o.err != nil {
			b.remove(w)
		}
		return o.times, o.err
	case <-ctx.Done():
		b.remove(w)
		return times{}, ctx.Err()
	}
}

// remove takes what is left of a request out of the queue.
func (b *batcher) remove(w *work) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = slices.DeleteFunc(b.queue, func(q queued) bool { return q.work == w })
}

// waiting counts what is in the queue.
func (b *batcher) waiting() (pieces, tokens int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue), b.waitingTokens()
}

func (b *batcher) waitingTokens() (n int) {
	for _, q := range b.queue {
		n += q.Tokens()
	}
	return n
}

// delay guesses how long the model needs for tokens; 0 if it has read nothing
// yet.
func (b *batcher) delay(tokens int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pace.delay(tokens)
}

// forget lets the pace be measured anew.
func (b *batcher) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pace = pace{}
}

// close lets the owner end after the queue is empty, and waits for that.
func (b *batcher) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.wake()
	<-b.ended
}

func (b *batcher) wake() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

func (b *batcher) run() {
	defer close(b.ended)
	runtime.LockOSThread()
	for b.await() {
		batch := b.take()
		if len(batch) == 0 {
			continue // who asked has left
		}
		b.process(batch)
	}
}

// await waits for a batch: a full one, or that the oldest piece has waited
// enough. It is false at the end.
func (b *batcher) await() bool {
	for {
		b.mu.Lock()
		n, tokens, closed := len(b.queue), b.waitingTokens(), b.closed
		var oldest time.Time
		if n > 0 {
			oldest = b.queue[0].work.arrived
		}
		b.mu.Unlock()
		if n == 0 {
			if closed {
				return false
			}
			<-b.changed
			continue
		}
		left := b.wait - time.Since(oldest)
		if left <= 0 || n >= b.size || tokens >= b.tokens || closed {
			return true
		}
		select {
		case <-b.changed:
		case <-time.After(left):
		}
	}
}

// take takes a batch out of the queue.
func (b *batcher) take() []queued {
	b.mu.Lock()
	defer b.mu.Unlock()
	lengths := make([]int, len(b.queue))
	for i, q := range b.queue {
		lengths[i] = q.Tokens()
	}
	chosen := pick(lengths, b.size, b.tokens)
	batch := make([]queued, len(chosen))
	for i, at := range chosen {
		batch[i] = b.queue[at]
		b.queue[at].work = nil
	}
	b.queue = slices.DeleteFunc(b.queue, func(q queued) bool { return q.work == nil })
	return batch
}

// process runs the model and answers the requests that have nothing left.
func (b *batcher) process(batch []queued) {
	pieces := make([]fusion.Piece, len(batch))
	tokens := 0
	begun := time.Now()
	for i, q := range batch {
		pieces[i] = q.Piece
		tokens += q.Tokens()
		if q.work.times.queue == 0 {
			q.work.times.queue = begun.Sub(q.work.arrived)
		}
	}
	err := b.read(pieces)
	took := time.Since(begun)
	if err == nil {
		b.mu.Lock()
		b.pace.add(tokens, took)
		b.mu.Unlock()
	}
	for _, q := range batch {
		w := q.work
		if w.left--; w.left == 0 || err != nil {
			w.times.model = time.Since(w.arrived) - w.times.queue
			select {
			case w.done <- outcome{w.times, err}:
			default: // told already
			}
		}
	}
}

// windowBatches is how many batches' tokens of the queue are looked at when the
// next batch is put together.
const windowBatches = 4

// pick chooses, from the lengths of waiting pieces in their order of arrival,
// those that go through the model next: the oldest, which so never starves, and
// those nearest to it in length, at most size of them and tokens tokens with
// padding, unless the oldest alone has more. It looks at the first
// windowBatches·tokens tokens only.
func pick(lengths []int, size, tokens int) []int {
	if len(lengths) == 0 {
		return nil
	}
	var order []int
	seen := 0
	for i, n := range lengths {
		if i > 0 && seen+n > windowBatches*tokens {
			break
		}
		order = append(order, i)
		seen += n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lengths[b], lengths[a]) })
	first := slices.Index(order, 0)
	end := first + 1 // order[first:end] is the batch, the longest in front
	length := func(at int) int { return lengths[order[at]] }
	for end-first < size {
		room := tokens / (end - first + 1) // the longest that one more would allow
		shorter := end < len(order) && length(first) <= room
		longer := first > 0 && length(first-1) <= room
		if shorter && longer {
			longer = length(first-1)-length(first) < length(first)-length(end)
		}
		switch {
		case longer:
			first--
		case shorter:
			end++
		default:
			return order[first:end]
		}
	}
	return order[first:end]
}
