package trainer

import (
	"math"
	"slices"
)

// Types of learning rate schedules, with Hugging Face's names (SchedulerType).
const (
	Linear             = "linear"   // linearly down to 0
	Cosine             = "cosine"   // down to 0 along half a cosine
	Constant           = "constant" // the peak throughout, without warm-up
	ConstantWithWarmup = "constant_with_warmup"
)

// Schedulers lists them; the first is the default.
func Schedulers() []string { return []string{Linear, Cosine, Constant, ConstantWithWarmup} }

// Schedule is a learning rate schedule: from 0 to Peak during the warm-up steps, then as
// Type says, like transformers' get_scheduler.
type Schedule struct {
	Type          string // of [Schedulers]; "" is Linear
	Peak          float64
	Warmup, Total int // steps
}

// NewSchedule returns a schedule whose warm-up is a share of the total steps, rounded
// down.
func NewSchedule(kind string, peak float64, total int, ratio float64) Schedule {
	return Schedule{Type: kind, Peak: peak, Warmup: int(float64(total) * ratio), Total: total}
}

// Rate returns the learning rate of a step, counted from 0; the first step of
// a warm-up has rate 0, as in PyTorch.
func (s Schedule) Rate(step int) float64 {
	if s.Type == Constant {
		return s.Peak
	}
	if step < s.Warmup {
		return s.Peak * float64(step) / float64(max(1, s.Warmup))
	}
	switch s.Type {
	case ConstantWithWarmup:
		return s.Peak
	case Cosine:
		progress := float64(step-s.Warmup) / float64(max(1, s.Total-s.Warmup))
		return s.Peak * max(0, 0.5*(1+math.Cos(math.Pi*progress)))
	}
	return s.Peak * max(0, float64(s.Total-step)/float64(max(1, s.Total-s.Warmup)))
}

// isScheduler reports whether a [Schedule] has such a type.
func isScheduler(kind string) bool { return kind == "" || slices.Contains(Schedulers(), kind) }
