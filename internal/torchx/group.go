package torchx

// #include "c10d.h"
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/sugarme/gotch/ts"
)

// bucketBytes is the size of a bucket of gradients, as in PyTorch's
// DistributedDataParallel: while one bucket is summed, the next one is computed.
const bucketBytes = 25 << 20

// Group is c10d's Gloo group: processes, each with a rank from 0 to size-1, that sum and
// exchange tensors. All must call the same methods in the same order. Tensors may be on
// any device; exchanged data goes through the CPU, except gradients on GPUs after
// [Group.UseNCCL].
//
// A call ended by Lost leaks memory that libtorch still uses. The group can't be used or
// closed afterwards.
type Group struct {
	Lost <-chan struct{} // once it is closed, all methods return ErrLost; nil: never

	ptr        C.tx_group
	rank, size int
}

// ErrLost is returned by a [Group] whose Lost is closed.
var ErrLost = errors.New("the group of processes has broken up")

// OpenGroup connects the ranks, all of which must call it with the same size. No method
// waits longer than timeout.
func OpenGroup(s *Store, rank, size int, timeout time.Duration) (*Group, error) {
	g := &Group{rank: rank, size: size}
	if err := nativeError(C.tx_group_open(&g.ptr, s.ptr, C.int(rank), C.int(size), C.int64_t(timeout.Milliseconds()))); err != nil {
		return nil, fmt.Errorf("connect rank %d of %d with the others: %w", rank, size, err)
	}
	return g, nil
}

// Rank returns the process's rank, from 0.
func (g *Group) Rank() int { return g.rank }

// Size returns the number of processes.
func (g *Group) Size() int { return g.size }

// Close closes the connections.
func (g *Group) Close() { C.tx_group_close(g.ptr) }

// BeginSum prepares summing the gradients of the parameters, which must not have any yet.
// Run the backward pass next, and then end, which sets each gradient to the sum over all
// ranks; a parameter without a gradient on any rank gets none. bfloat16 halves the bytes
// and rounds the sums. notes are replaced by their sums as well, in float64.
//
// As soon as the backward pass has filled a bucket of parameters and those before it, the
// ranks begin to sum it, except the last bucket, which waits for end. params should be in the order in which the pass reaches them,
// those that it may not reach, or reaches twice, last. If the pass fails, the group can't be used any more.
func (g *Group) BeginSum(params []*ts.Tensor, bf16 bool) (end func(notes []float64) error, err error) {
	defer runtime.KeepAlive(params)
	var work C.tx_work
	if err := nativeError(C.tx_sum_begin(&work, g.ptr, handles(params), C.int64_t(len(params)), bucketBytes, C.bool(bf16))); err != nil {
		return nil, fmt.Errorf("make ready to add up gradients: %w", err)
	}
	return func(notes []float64) error {
		m, values := C.int64_t(len(notes)), (*C.double)(unsafe.Pointer(unsafe.SliceData(notes)))
		return g.collective("add up gradients", func(out *C.tx_work) *C.char {
			*out = work
			return C.tx_sum_rest(work, values, m)
		}, func(work C.tx_work) *C.char {
			return C.tx_sum_end(work, values, m)
		})
	}, nil
}

// Gather returns each rank's data, by rank.
func (g *Group) Gather(data []byte) ([][]byte, error) {
	lengths, err := g.gather(binary.LittleEndian.AppendUint64(nil, uint64(len(data))))
	if err != nil {
		return nil, err
	}
	longest := uint64(0)
	for i := range g.size {
		longest = max(longest, binary.LittleEndian.Uint64(lengths[8*i:]))
	}
	if longest == 0 {
		return make([][]byte, g.size), nil
	}
	padded := make([]byte, longest)
	copy(padded, data)
	all, err := g.gather(padded)
	if err != nil {
		return nil, err
	}
	parts := make([][]byte, g.size)
	for i := range parts {
		start := uint64(i) * longest
		parts[i] = all[start : start+binary.LittleEndian.Uint64(lengths[8*i:])]
	}
	return parts, nil
}

// gather takes the same number of bytes from each rank.
func (g *Group) gather(data []byte) ([]byte, error) {
	all := make([]byte, g.size*len(data))
	err := g.collective("gather what the ranks have", func(work *C.tx_work) *C.char {
		return C.tx_gather_begin(work, g.ptr, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	}, func(work C.tx_work) *C.char {
		return C.tx_gather_end(work, unsafe.Pointer(unsafe.SliceData(all)), C.size_t(len(all)))
	})
	return all, err
}

// Broadcast sets the tensors to their values on rank 0.
func (g *Group) Broadcast(tensors []*ts.Tensor) error {
	defer runtime.KeepAlive(tensors)
	n := C.int64_t(len(tensors))
	return g.collective("send rank 0's tensors to all", func(work *C.tx_work) *C.char {
		return C.tx_broadcast_begin(work, g.ptr, handles(tensors), n)
	}, func(work C.tx_work) *C.char {
		return C.tx_broadcast_end(work, handles(tensors), n)
	})
}

// collective begins, waits and ends. Only the wait, which uses no Go memory, is abandoned if
// the group breaks up.
func (g *Group) collective(what string, begin func(*C.tx_work) *C.char, end func(C.tx_work) *C.char) error {
	var work C.tx_work
	if err := nativeError(begin(&work)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	done := make(chan error, 1)
	go func() { done <- nativeError(C.tx_work_wait(work)) }()
	select {
	case err := <-done:
		defer C.tx_work_free(work)
		if err == nil {
			err = nativeError(end(work))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	case <-g.Lost:
		return fmt.Errorf("%s: %w", what, ErrLost)
	}
}
