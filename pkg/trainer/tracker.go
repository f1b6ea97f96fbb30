package trainer

// Tracker is where a run's figures go. Its methods neither block nor fail
// training.
type Tracker interface {
	// LogMetrics adds a point to each metric's curve; the step is the epoch,
	// or the training step where [Settings] has EvalSteps.
	LogMetrics(step int64, values map[string]float64)
}

type noTracker struct{}

func (noTracker) LogMetrics(int64, map[string]float64) {}
