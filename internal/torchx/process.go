package torchx

// #include "arena.h"
// #include "torchx.h"
import "C"

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/sugarme/gotch"
)

// Configure prepares libtorch for long runs: threads CPU threads per operation (0 keeps
// libtorch's default), and freed memory is kept for the next step instead of being
// returned to the kernel. It calls [LockThread].
func Configure(threads int) {
	if threads > 0 {
		C.tx_set_threads(C.int(threads))
	}
	LockThread()
	C.tx_keep_freed_memory()
	C.tx_use_arena()
}

// LockThread keeps the calling goroutine on its thread from now on, which ends with it:
// OpenMP keeps a team of threads for each thread that calls it, and once there are more
// than processors, those that wait sleep at once and are woken for each operation. If the
// team has a thread for each processor that the process may use, each stays on its own,
// unless OMP_PROC_BIND is set or OMP_WAIT_POLICY is passive. Otherwise the kernel often puts two of them on one processor after a pause, and a short
// call takes five times as long.
func LockThread() {
	runtime.LockOSThread() // before binding: new threads then come from one that isn't bound
	C.tx_bind_threads()
}

// Threads returns how many CPU threads one operation may use.
func Threads() int { return int(C.tx_threads()) }

// Seed sets libtorch's random generators, on all devices. libtorch looks for
// GPUs once, here too: [Device] must have been called before.
func Seed(seed uint64) error { return nativeError(C.tx_seed(C.uint64_t(seed))) }

var loadCUDA = sync.OnceValue(func() error { return nativeError(C.tx_load_cuda()) })

// Device returns the device for spec: "cpu", "cuda", "cuda:N", or "auto", which is the
// first GPU if there is one.
func Device(spec string) (gotch.Device, error) {
	name, number, indexed := strings.Cut(spec, ":")
	index := 0
	if indexed {
		var err error
		if index, err = strconv.Atoi(number); err != nil || index < 0 || name != "cuda" {
			return gotch.CPU, fmt.Errorf("device %q: want auto, cpu, cuda or cuda:N", spec)
		}
	}
	switch name {
	case "cpu":
		return gotch.CPU, nil
	case "auto":
		if loadCUDA() == nil && C.tx_cuda_devices() > 0 {
			return gotch.CudaBuilder(0), nil
		}
		return gotch.CPU, nil
	case "cuda":
		if err := loadCUDA(); err != nil {
			return gotch.CPU, fmt.Errorf("device %q: CUDA can't be loaded (%w); install it with scripts/fetch_libtorch.sh --variant cuda, or use --device cpu", spec, err)
		}
		if n := int(C.tx_cuda_devices()); index >= n {
			return gotch.CPU, fmt.Errorf("device %q: this machine has %d usable GPUs; use --device cpu or auto", spec, n)
		}
		return gotch.CudaBuilder(uint(index)), nil
	}
	return gotch.CPU, fmt.Errorf("device %q: want auto, cpu, cuda or cuda:N", spec)
}

// DeviceName is device as the configuration spells it: "cpu", "cuda:0".
func DeviceName(device gotch.Device) string {
	if device == gotch.CPU {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", device.Value)
}
