package trainer

import (
	"math"
	"time"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// interval gathers what training gives between two validations.
type interval struct {
	tasks           []string
	total           mean
	byTask          map[string]*taskMeans
	norms           mean
	rate            float64 // learning rate of the last step
	samples, tokens int
	started         time.Time
}

// taskMeans are a task's mean losses over its batches.
type taskMeans struct{ total, hard, soft, hidden mean }

func newInterval(loaders []datasets.Loader) *interval {
	n := &interval{byTask: map[string]*taskMeans{}, started: time.Now()}
	for _, l := range loaders {
		for _, task := range l.Tasks {
			n.tasks = append(n.tasks, task.Name)
			n.byTask[task.Name] = &taskMeans{}
		}
	}
	return n
}

// add takes a step. A batch without losses has taught nothing.
func (n *interval) add(b datasets.Batch, losses []taskLoss, norm float64) {
	n.samples += b.Size
	n.tokens += b.Tokens
	if len(losses) == 0 {
		return
	}
	var batch float64
	for _, loss := range losses {
		batch += loss.total
		m := n.byTask[loss.task]
		m.total.add(loss.total)
		m.hard.addNumber(loss.hard)
		m.soft.addNumber(loss.soft)
		m.hidden.addNumber(loss.hidden)
	}
	n.total.add(batch)
	n.norms.add(norm)
}

func (n *interval) result() Trained {
	t := Trained{
		Loss: n.total.value(), GradNorm: n.norms.value(), Rate: n.rate,
		Samples: n.samples, Tokens: n.tokens, Seconds: time.Since(n.started).Seconds(),
	}
	for _, task := range n.tasks {
		m := n.byTask[task]
		t.Losses = append(t.Losses, Figure{task, m.total.value()})
		if m.soft.count == 0 && m.hidden.count == 0 {
			continue
		}
		for _, part := range []struct {
			name string
			mean mean
		}{{"hard", m.hard}, {"soft", m.soft}, {"hidden", m.hidden}} {
			if part.mean.count > 0 {
				t.Parts = append(t.Parts, Figure{part.name + "_" + task, part.mean.value()})
			}
		}
	}
	return t
}

// mean is a running mean; that of nothing is 0.
type mean struct {
	sum   float64
	count int
}

func (m *mean) add(x float64) { m.sum, m.count = m.sum+x, m.count+1 }

// addNumber adds x unless it is NaN.
func (m *mean) addNumber(x float64) {
	if !math.IsNaN(x) {
		m.add(x)
	}
}

func (m *mean) value() float64 { return m.sum / float64(max(1, m.count)) }
