package nn

import (
	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
)

// Precision is what matrix products are computed in. A model's weights and what isn't
// a matrix product stay in float32.
type Precision = torchx.Precision

// The precisions. [Precision.Resolve] makes Auto one of the others.
const (
	FP32 Precision = torchx.FP32
	BF16 Precision = torchx.BF16
	INT8 Precision = torchx.INT8 // the encoder's linear layers; only inference on the CPU
	Auto Precision = torchx.Auto // bf16 where the device computes in it, otherwise fp32
)

// Device finds the device that spec asks for: "cpu", "cuda", "cuda:N", or "auto", which
// takes the first GPU if there is one. An error says what to do.
func Device(spec string) (gotch.Device, error) { return torchx.Device(spec) }

// Configure prepares libtorch for long work: threads CPU threads for one operation
// (0 leaves libtorch's default), and freed memory kept for the next step. It applies to
// the whole process; pkg/run calls it for a training.
func Configure(threads int) { torchx.Configure(threads) }

// Seed sets libtorch's random generators, on all devices: initial weights and dropout
// follow it. It applies to the whole process. Call [Device] before.
func Seed(seed uint64) error { return torchx.Seed(seed) }
