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
// whole process; pkg/run calls it for training. The calling goroutine stays on its thread
// from now on ([runtime.LockOSThread]): OpenMP keeps a team of threads for each thread
// that calls it, and once there are more of them than processors, small operations wait
// for sleeping threads. Call it from the goroutine that trains or predicts.
func Configure(threads int) { torchx.Configure(threads) }

// Seed sets the seed of libtorch's random generators on all devices, for initial weights
// and dropout. It applies to the whole process. Call [Device] first.
func Seed(seed uint64) error { return torchx.Seed(seed) }
