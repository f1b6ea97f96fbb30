package torchx

import (
	"fmt"

	"github.com/sugarme/gotch"
	"golang.org/x/sys/cpu"
)

// Precision is the precision of matrix products.
type Precision string

// The precisions. A model's weights, and everything but matrix products, stay in float32
// with all of them.
const (
	FP32 Precision = "fp32"
	BF16 Precision = "bf16"
	INT8 Precision = "int8" // the encoder's linear layers; only inference on the CPU
	Auto Precision = "auto" // the fastest on the device
)

// Resolve returns the fastest precision for predictions on the device if p is Auto: BF16
// on a GPU, INT8 on a processor that [Scope.Int8] has instructions of, otherwise FP32.
func (p Precision) Resolve(device gotch.Device) Precision {
	return p.resolve(device, thisProcessor())
}

// ResolveForTraining returns the fastest precision for training on the device if p is
// Auto: BF16 if the device computes in it, otherwise FP32.
func (p Precision) ResolveForTraining(device gotch.Device) Precision {
	return p.resolveForTraining(device, thisProcessor())
}

// Slow tells in a sentence that p is slower than float32 on the device; "" if it isn't.
func (p Precision) Slow(device gotch.Device) string { return p.slow(device, thisProcessor()) }

// processor is what precisions are chosen by.
type processor struct {
	bf16 bool // has AVX512-BF16; AMX-BF16 comes with it
	int8 isa
}

func thisProcessor() processor {
	best, err := bestISA()
	if err != nil {
		best = amxISA // so that 8 bits are chosen, which fail with this error
	}
	return processor{bf16: cpu.X86.HasAVX512BF16, int8: best}
}

// fasterInInt8 reports whether the processor is faster in 8 bits than in float32: it is
// with all of our instruction sets, see docs/performance.md.
func (c processor) fasterInInt8() bool { return c.int8 != portableISA }

func (p Precision) resolve(device gotch.Device, c processor) Precision {
	switch {
	case p != Auto:
		return p
	case device != gotch.CPU:
		return BF16
	case c.fasterInInt8():
		return INT8
	}
	return FP32
}

func (p Precision) resolveForTraining(device gotch.Device, c processor) Precision {
	switch {
	case p != Auto:
		return p
	case device != gotch.CPU || c.bf16:
		return BF16
	}
	return FP32
}

func (p Precision) slow(device gotch.Device, c processor) string {
	lacks := ""
	switch {
	case device != gotch.CPU:
	case p == BF16 && !c.bf16:
		lacks = "AVX512-BF16"
	case p == INT8 && !c.fasterInInt8():
		lacks = "AVX2"
	}
	if lacks == "" {
		return ""
	}
	return fmt.Sprintf("%s is slower than %s on this processor, which lacks %s: take %s or %s", p, FP32, lacks, FP32, Auto)
}
