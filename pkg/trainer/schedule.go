package trainer

// LinearWarmup is a learning rate schedule: from 0 to Peak during the warm-up steps,
// then down to 0 at the last step, like Hugging Face's get_linear_schedule_with_warmup.
type LinearWarmup struct {
	Peak          float64
	Warmup, Total int // steps
}

// NewLinearWarmup returns a schedule whose warm-up is a share of the total steps,
// rounded down.
func NewLinearWarmup(peak float64, total int, ratio float64) LinearWarmup {
	return LinearWarmup{Peak: peak, Warmup: int(float64(total) * ratio), Total: total}
}

// Rate returns the learning rate of a step, counted from 0; the first step of
// a warm-up has rate 0, as in PyTorch.
func (l LinearWarmup) Rate(step int) float64 {
	if step < l.Warmup {
		return l.Peak * float64(step) / float64(max(1, l.Warmup))
	}
	return l.Peak * max(0, float64(l.Total-step)/float64(max(1, l.Total-l.Warmup)))
}
