package run

import "github.com/trident-nlp/trident/pkg/trainer"

// stepLosses are means of the losses of a few steps.
type stepLosses struct {
	sums   map[string]float64
	counts map[string]int
}

func (l *stepLosses) add(figures []trainer.Figure) {
	if l.sums == nil {
		l.sums, l.counts = map[string]float64{}, map[string]int{}
	}
	for _, f := range figures {
		l.sums[f.Name] += f.Value
		l.counts[f.Name]++
	}
}

// take returns the means under the tracker's names, and forgets them.
func (l *stepLosses) take() map[string]float64 {
	values := map[string]float64{}
	for name, sum := range l.sums {
		key := "step/loss"
		if name != "" {
			key += "_" + name
		}
		values[key] = sum / float64(l.counts[name])
	}
	*l = stepLosses{}
	return values
}

// StepEnd implements [trainer.Observer]: every mlflow.log_every_steps steps it logs the
// losses since the last time. They have names of their own, since the steps of a
// validation's may be epochs.
func (t tracker) StepEnd(s trainer.StepEnd) {
	every := t.mlflow.LogEverySteps
	if t.run == nil || every == 0 {
		return
	}
	t.losses.add(s.Alone)
	if s.Step%every == 0 {
		t.run.LogMetrics(int64(s.Step), t.losses.take())
	}
}
