package trainer

import (
	"maps"
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
)

// Rules for the weights of the tasks' losses. With BalanceFixed, weights are
// [Settings].LossWeights alone; the other rules multiply these.
const (
	BalanceFixed        = ""
	BalanceLogClasses   = "log_classes"   // each head's loss is divided by the log of its number of classes
	BalanceGradientNorm = "gradient_norm" // inverse to the norm of the task's gradient at the encoder
	BalanceUncertainty  = "uncertainty"   // learnt: the task's precision
)

// Balances lists the rules.
func Balances() []string {
	return []string{BalanceFixed, BalanceLogClasses, BalanceGradientNorm, BalanceUncertainty}
}

const (
	// measureEvery is how often the gradients of tasks that share a step are summed apart
	// to measure their norms, in steps.
	measureEvery = 16
	// normMemory is how much of the running mean of a task's gradient norm the next
	// measurement leaves.
	normMemory = 0.9
	// logVarianceRate is the learning rate of log variances, throughout. The encoder's,
	// 2e-5, would hardly move them in a whole run.
	logVarianceRate = 0.01
)

// balance is what a rule knows about the tasks. It is part of a run's state, and the same
// on all ranks.
type balance struct {
	Steps  int                     `json:"steps"` // steps begun
	ByTask map[string]*taskBalance `json:"by_task,omitempty"`
}

// taskBalance is what a rule knows about a task.
type taskBalance struct {
	Norm        runningMean `json:"norm"`         // of the unweighted gradient at the encoder
	LogVariance adam        `json:"log_variance"` // ln σ²
}

// weight is the factor of a task's loss. With BalanceGradientNorm it is
//
//	w_t = (Π n_k)^(1/K) / n_t
//
// where n_t is the mean norm of the task's gradient: the weighted gradients of the K tasks
// have the same norm, and the geometric mean of the weights is 1. A task without a
// measurement has the weight 1. With BalanceUncertainty it is 1/σ².
func (b balance) weight(rule, task string) float64 {
	own := b.ByTask[task]
	switch {
	case own == nil:
		return 1
	case rule == BalanceGradientNorm:
		return math.Exp(b.meanLogNorm() - math.Log(own.Norm.value()))
	case rule == BalanceUncertainty:
		return math.Exp(-own.LogVariance.Value)
	}
	return 1
}

// meanLogNorm is the logarithm of the geometric mean of the norms.
func (b balance) meanLogNorm() float64 {
	var logs mean
	for _, task := range slices.Sorted(maps.Keys(b.ByTask)) { // in the same order each time, for the same rounding
		logs.add(math.Log(b.ByTask[task].Norm.value()))
	}
	return logs.value()
}

// measured records the norm of a task's unweighted gradient at the encoder. One that has
// no logarithm, such as that of a frozen encoder, is ignored.
func (b *balance) measured(task string, norm float64) {
	if norm > 0 && numbers.Finite(norm) {
		b.task(task).Norm.add(norm)
	}
}

// learn updates a task's log variance s from its loss L: a step down the gradient of
// exp(-s)·L + s/2 (Kendall, Gal and Cipolla 2018, for classification). Its least value
// is at s = ln 2L.
func (b *balance) learn(task string, loss float64) {
	s := &b.task(task).LogVariance
	s.step(0.5-math.Exp(-s.Value)*loss, logVarianceRate)
}

func (b *balance) task(name string) *taskBalance {
	if b.ByTask == nil {
		b.ByTask = map[string]*taskBalance{}
	}
	if b.ByTask[name] == nil {
		b.ByTask[name] = &taskBalance{}
	}
	return b.ByTask[name]
}

// runningMean is an exponential moving mean whose bias to 0 is corrected.
type runningMean struct {
	Sum    float64 `json:"sum"`
	Weight float64 `json:"weight"` // of all values in Sum
}

func (m *runningMean) add(x float64) {
	m.Sum = normMemory*m.Sum + (1-normMemory)*x
	m.Weight = normMemory*m.Weight + 1 - normMemory
}

func (m runningMean) value() float64 { return m.Sum / m.Weight }

// adam is a number that Adam learns (Kingma and Ba 2015), with PyTorch's defaults and
// without weight decay.
type adam struct {
	Value float64 `json:"value"`
	Avg   float64 `json:"exp_avg"`
	AvgSq float64 `json:"exp_avg_sq"`
	Steps int     `json:"steps"`
}

func (a *adam) step(gradient, rate float64) {
	const beta1, beta2, eps = 0.9, 0.999, 1e-8
	a.Steps++
	a.Avg = beta1*a.Avg + (1-beta1)*gradient
	a.AvgSq = beta2*a.AvgSq + (1-beta2)*gradient*gradient
	avg := a.Avg / (1 - math.Pow(beta1, float64(a.Steps)))
	avgSq := a.AvgSq / (1 - math.Pow(beta2, float64(a.Steps)))
	a.Value -= rate * avg / (math.Sqrt(avgSq) + eps)
}

// lossWeight is the factor of a task's loss in the next step.
func (t *Trainer) lossWeight(task string) float64 {
	weight, set := t.settings.LossWeights[task]
	if !set {
		weight = 1
	}
	return weight * t.progress.Balance.weight(t.settings.Balance, task)
}

// learnBalance updates the rule's knowledge after a step. norms are those of the
// unweighted gradients, of tasks that were measured.
func (t *Trainer) learnBalance(losses []TaskLoss, norms map[string]float64) {
	b := &t.progress.Balance
	for _, loss := range losses {
		if norm, found := norms[loss.Task]; found {
			b.measured(loss.Task, norm)
		}
		if t.settings.Balance == BalanceUncertainty {
			b.learn(loss.Task, loss.Total)
		}
	}
}

// weightsInUse lists the weights that the rule gives the tasks' losses, or, with
// BalanceLogClasses, those of heads; nil with BalanceFixed.
func (t *Trainer) weightsInUse() (list []Figure) {
	if t.settings.Balance == BalanceFixed {
		return nil
	}
	for _, l := range t.train {
		for _, task := range l.Tasks {
			if t.settings.Balance != BalanceLogClasses {
				list = append(list, Figure{task.Name, t.lossWeight(task.Name)})
				continue
			}
			for h, weight := range headWeights(task) {
				name := task.Name
				if len(task.Heads) > 1 {
					name += "_" + task.Heads[h].Name
				}
				list = append(list, Figure{name, weight * t.lossWeight(task.Name)})
			}
		}
	}
	return list
}
