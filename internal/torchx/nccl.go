package torchx

// #include "c10d.h"
import "C"

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/sugarme/gotch"
)

// NCCLAddress returns the address of a GPU on its machine, by which NCCL tells
// GPUs apart. The error says why this process can't use NCCL.
func NCCLAddress(gpu gotch.Device) (string, error) {
	var text [32]byte
	out := (*C.char)(unsafe.Pointer(&text[0]))
	if err := nativeError(C.tx_nccl_address(out, C.size_t(len(text)), C.int(gpu.Value))); err != nil {
		return "", err
	}
	return C.GoString(out), nil
}

// UseNCCL sums gradients with NCCL from now on, without the CPU. All ranks must call it with
// the store of OpenGroup, each with its own GPU that holds all of its parameters. NCCL is
// first tried with one bucket. Neither the trial nor later sums wait longer than timeout.
func (g *Group) UseNCCL(s *Store, gpu gotch.Device, timeout time.Duration) error {
	failed := func(err error) error {
		return fmt.Errorf("connect rank %d's GPU with the others by NCCL: %w", g.rank, err)
	}
	done := make(chan error, 1)
	go func() {
		done <- nativeError(C.tx_nccl_open(g.ptr, s.ptr, C.int(gpu.Value), C.int64_t(timeout.Milliseconds()), bucketBytes))
	}()
	select {
	case err := <-done:
		if err != nil {
			return failed(err)
		}
		return nil
	case <-time.After(timeout):
		return failed(fmt.Errorf("nothing came of it within %v", timeout))
	case <-g.Lost:
		return failed(ErrLost)
	}
}
