package evaluate

import (
	"context"
	"slices"
	"time"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// time measures the time per call with all of a candidate's models and the scored tasks,
// including tokenizing, one call at a time. The candidates alternate on each call, so
// that other load on the machine affects them equally; a candidate's figure is the
// median.
func (e *evaluation) time(ctx context.Context) error {
	texts := sample(e.candidates[0].texts, e.TimedCalls)
	bar := e.bar("Timing calls", len(texts))
	defer bar.Finish()
	taken := make([][]float64, len(e.candidates))
	for i, text := range texts {
		for c, candidate := range e.candidates {
			millis, err := candidate.call(ctx, text, e.predictOptions())
			if err != nil {
				return err
			}
			if i == 0 { // warm-up
				if millis, err = candidate.call(ctx, text, e.predictOptions()); err != nil {
					return err
				}
			}
			taken[c] = append(taken[c], millis)
		}
		bar.Set(int64(i+1), int64(len(texts)), "")
	}
	for c, candidate := range e.candidates {
		slices.Sort(taken[c])
		candidate.millis = taken[c][len(taken[c])/2]
	}
	return nil
}

// call measures the time of one call.
func (c *candidate) call(ctx context.Context, text datasets.Transcript, o fusion.PredictOptions) (millis float64, err error) {
	started := time.Now()
	for _, m := range c.models {
		var scored []string
		for _, s := range m.reads {
			scored = append(scored, tasks.Names(s.Tasks)...)
		}
		if len(scored) == 0 {
			continue
		}
		o.Tasks = scored
		if _, err := m.predictor.Predict(ctx, []datasets.Transcript{text}, o); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(started).Microseconds()) / 1000, nil
}

// sample returns n evenly spaced texts.
func sample(texts []datasets.Transcript, n int) []datasets.Transcript {
	if len(texts) <= n {
		return texts
	}
	some := make([]datasets.Transcript, n)
	for i := range some {
		some[i] = texts[i*len(texts)/n]
	}
	return some
}
