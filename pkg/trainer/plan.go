package trainer

import "github.com/trident-nlp/trident/pkg/datasets"

// Plan is the number of steps of a run and their learning rates. It doesn't need a
// model.
type Plan struct {
	Batches       []int // per epoch, by training set; of the first epoch, if sampling is annealed
	StepsPerEpoch int
	Schedule      Schedule
}

// NewPlan plans a run over training sets.
func NewPlan(s Settings, train []datasets.Loader) Plan {
	var p Plan
	if s.MixTasks {
		p.StepsPerEpoch = datasets.MixedSteps(train)
		for _, l := range train {
			p.Batches = append(p.Batches, min(p.StepsPerEpoch, len(l.Examples)))
		}
	} else {
		p.Batches = s.Sampling.Batches(train)
		for _, n := range p.Batches {
			p.StepsPerEpoch += n
		}
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
