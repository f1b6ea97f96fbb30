package trainer

import (
	"math"
	"slices"
	"time"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// interval accumulates the results of training between two validations. Its exported
// fields are part of a run's state, so a resumed run reports the same means as an
// uninterrupted one.
type interval struct {
	Total           mean
	ByTask          map[string]*taskMeans
	Norms           mean
	Rate            float64 // learning rate of the last step
	Samples, Tokens int
	Skipped         int     // steps with a non-finite loss or gradient
	Before          float64 // seconds before the run was resumed

	tasks   []string
	last    []Figure // of the last step: "" is the sum, others are tasks
	started time.Time
}

// taskMeans are a task's mean losses over its batches.
type taskMeans struct{ Total, Hard, Soft, Hidden, Taught mean }

func newInterval(loaders []datasets.Loader) *interval {
	n := &interval{ByTask: map[string]*taskMeans{}}
	n.begin(loaders)
	return n
}

// begin starts the clock and allocates means for all tasks of the loaders.
func (n *interval) begin(loaders []datasets.Loader) {
	n.started = time.Now()
	for _, l := range loaders {
		for _, task := range slices.Concat(l.Tasks, l.Taught) {
			if !slices.Contains(n.tasks, task.Name) {
				n.tasks = append(n.tasks, task.Name)
			}
			if n.ByTask[task.Name] == nil {
				n.ByTask[task.Name] = &taskMeans{}
			}
		}
	}
}

// add records a step on some batches. One without losses isn't counted.
func (n *interval) add(r StepResult, batches ...datasets.Batch) {
	for _, b := range batches {
		n.Samples += b.Size
		n.Tokens += b.Tokens
	}
	n.last = nil
	if len(r.Losses) == 0 {
		return
	}
	var batch float64
	for _, loss := range r.Losses {
		batch += loss.Total
		n.last = append(n.last, Figure{Name: loss.Task, Value: loss.Total})
		m := n.ByTask[loss.Task]
		m.Total.add(loss.Total)
		m.Hard.addNumber(loss.Hard)
		m.Soft.addNumber(loss.Soft)
		m.Hidden.addNumber(loss.Hidden)
		m.Taught.addNumber(loss.Taught)
	}
	n.last = append(n.last, Figure{Value: batch})
	n.Total.add(batch)
	n.Norms.add(r.Norm)
}

// seconds is the duration of the interval so far.
func (n *interval) seconds() float64 { return n.Before + time.Since(n.started).Seconds() }

// losses returns each task's mean loss so far.
func (n *interval) losses() []Figure {
	list := make([]Figure, len(n.tasks))
	for i, task := range n.tasks {
		list[i] = Figure{task, n.ByTask[task].Total.value()}
	}
	return list
}

func (n *interval) result() Trained {
	t := Trained{
		Loss: n.Total.value(), Losses: n.losses(), GradNorm: n.Norms.value(), Rate: n.Rate,
		Samples: n.Samples, Tokens: n.Tokens, Skipped: n.Skipped, Seconds: n.seconds(),
	}
	for _, task := range n.tasks {
		m := n.ByTask[task]
		if m.Soft.Count+m.Hidden.Count+m.Taught.Count == 0 {
			continue
		}
		for _, part := range []struct {
			name string
			mean mean
		}{{"hard", m.Hard}, {"soft", m.Soft}, {"hidden", m.Hidden}, {"taught", m.Taught}} {
			if part.mean.Count > 0 {
				t.Parts = append(t.Parts, Figure{part.name + "_" + task, part.mean.value()})
			}
		}
	}
	return t
}

// mean is a running mean; without values it is 0.
type mean struct {
	Sum   float64
	Count int
}

func (m *mean) add(x float64) { m.Sum, m.Count = m.Sum+x, m.Count+1 }

// addNumber adds x unless it is NaN.
func (m *mean) addNumber(x float64) {
	if !math.IsNaN(x) {
		m.add(x)
	}
}

func (m *mean) value() float64 { return m.Sum / float64(max(1, m.Count)) }

// PartLoss are a task's losses of a batch, scalars.
type PartLoss struct {
	Task               string
	Total              *ts.Tensor
	Hard, Soft, Hidden *ts.Tensor // what Total is made of, nil where there is none
	Taught             *ts.Tensor // instead of these, of a part without labels

	Weighted *ts.Tensor // minimised instead of Total, if its heads have weights; otherwise nil
}

// minimised is the loss that the gradients are those of.
func (p PartLoss) minimised() *ts.Tensor {
	if p.Weighted != nil {
		return p.Weighted
	}
	return p.Total
}

// TaskLoss is a task's loss for a batch, without the task's weight in the sum over
// tasks.
type TaskLoss struct {
	Task               string
	Total              float64
	Hard, Soft, Hidden float64 // the terms of Total, NaN if missing
	Taught             float64 // the same, of the examples without labels of the task
}

func (p PartLoss) values(s *torchx.Scope) TaskLoss {
	value := func(loss *ts.Tensor) float64 {
		if loss == nil {
			return math.NaN()
		}
		return s.Value(loss)
	}
	return TaskLoss{p.Task, value(p.Total), value(p.Hard), value(p.Soft), value(p.Hidden), value(p.Taught)}
}

// sum returns a + b, either of which may be nil.
func sum(s *torchx.Scope, a, b *ts.Tensor) *ts.Tensor {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return s.Add(a, b)
}

// scaled returns x · factor; x may be nil.
func scaled(s *torchx.Scope, x *ts.Tensor, factor float64) *ts.Tensor {
	if x == nil || factor == 1 {
		return x
	}
	return s.Scale(x, factor)
}
