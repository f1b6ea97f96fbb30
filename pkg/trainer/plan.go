package trainer

import "github.com/trident-nlp/trident/pkg/datasets"

// Plan is how many steps a run takes, and at which learning rates. It needs no
// model.
type Plan struct {
	Batches       []int // of an epoch, by training set
	StepsPerEpoch int
	Schedule      Schedule
}

// NewPlan plans a run over training sets.
func NewPlan(s Settings, train []datasets.Loader) Plan {
	p := Plan{Batches: s.Sampling.Batches(train)}
	for _, n := range p.Batches {
		p.StepsPerEpoch += n
	}
	p.Schedule = NewSchedule(s.Scheduler, s.LearningRate, p.StepsPerEpoch*s.Epochs, s.WarmupRatio)
	switch {
	case s.Scheduler == Constant:
		p.Schedule.Warmup = 0
	case s.WarmupSteps > 0:
		p.Schedule.Warmup = s.WarmupSteps
	}
	return p
}
