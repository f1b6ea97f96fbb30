package nn

import (
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Precision is the precision of matrix products. A model's weights and all other
// operations are in float32.
type Precision = torchx.Precision

// The precisions. [Precision.Resolve] and [Precision.ResolveForTraining] replace Auto by
// one of the others.
const (
	FP32 Precision = torchx.FP32
	BF16 Precision = torchx.BF16
	INT8 Precision = torchx.INT8 // the encoder's linear layers; only inference on the CPU
	Auto Precision = torchx.Auto // the fastest on the device
)

// Device returns the device for spec: "cpu", "cuda", "cuda:N", or "auto", which is the
// first GPU if there is one. Errors tell the user what to do.
func Device(spec string) (gotch.Device, error) { return torchx.Device(spec) }

// Configure prepares libtorch for long computations: threads CPU threads per operation
// (0 keeps libtorch's default), and freed memory is kept for reuse. It applies to the
// whole process; pkg/run calls it for training. It also calls [LockThread].
func Configure(threads int) { torchx.Configure(threads) }

// LockThread keeps the calling goroutine on its thread from now on, as
// [runtime.LockOSThread], for which OpenMP keeps a team of threads: were there teams of
// more threads than processors, small operations would wait for sleeping threads. If the
// team has a thread for each processor that the process may use, each thread stays on its
// own, unless OMP_PROC_BIND is set or OMP_WAIT_POLICY is passive. Call it from a goroutine
// that trains or predicts.
func LockThread() { torchx.LockThread() }

// Seed sets the seed of libtorch's random generators on all devices, for initial weights
// and dropout. It applies to the whole process. Call [Device] first.
func Seed(seed uint64) error { return torchx.Seed(seed) }
