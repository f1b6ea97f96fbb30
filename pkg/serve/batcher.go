package serve

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

// batching is how pieces of several requests become batches.
type batching struct {
	size   int           // pieces in a batch, at most
	tokens int           // their tokens, padding included, unless a single one has more
	wait   time.Duration // how long a piece may wait for others while the model is idle
}

// batcher collects pieces of many requests into batches. One goroutine, pinned
// to its thread, owns the model, so libtorch uses a single thread pool.
type batcher struct {
	batching
	read    func([]fusion.Piece) error // runs the model
	changed chan struct{}              // holds a value after the queue has changed
	ended   chan struct{}              // closed when the owner goroutine has ended

	mu     sync.Mutex
	queue  []queued // in the order of arrival
	closed bool
	pace   pace
}

type queued struct {
	fusion.Piece
	work *work
}

// work is one request's pieces in progress.
type work struct {
	left    int // pieces without an answer; only the owner uses it
	arrived time.Time
	times   times
	done    chan outcome // buffered for its one value
}

type outcome struct {
	times times
	err   error
}

// times is the time that a request spent in the queue and in the model.
type times struct{ queue, model time.Duration }

var errClosed = errors.New("the batcher is closed")

func newBatcher(b batching, read func([]fusion.Piece) error) *batcher {
	owner := &batcher{batching: b, read: read, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go owner.run()
	return owner
}

// submit waits until the model has processed pieces, at least one. If ctx ends
// first, those not yet started are removed from the queue.
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

// remove removes a request's remaining pieces from the queue.
func (b *batcher) remove(w *work) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = slices.DeleteFunc(b.queue, func(q queued) bool { return q.work == w })
}

// waiting counts the pieces in the queue and their tokens.
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

// delay estimates how long the model needs for tokens; 0 if it has processed
// nothing yet.
func (b *batcher) delay(tokens int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pace.delay(tokens)
}

// forget resets the measured pace.
func (b *batcher) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pace = pace{}
}

// close ends the owner once the queue is empty, and waits for that.
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
	nn.LockThread()
	for b.await() {
		batch := b.take()
		if len(batch) == 0 {
			continue // the client has left
		}
		b.process(batch)
	}
}

// await waits for a full batch, or until the oldest piece has waited long
// enough. It returns false at the end.
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

// take removes a batch from the queue.
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

// process runs the model and answers the requests that are complete.
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

// windowBatches limits, in batches' tokens, how far into the queue the next
// batch is chosen from.
const windowBatches = 4

// pick chooses the next batch from the lengths of waiting pieces, in order of
// arrival: the oldest, which therefore never starves, and those closest to it in
// length; at most size pieces and tokens tokens including padding, unless the
// oldest alone has more. It considers only the first windowBatches·tokens
// tokens.
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
	end := first + 1 // order[first:end] is the batch, longest first
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
