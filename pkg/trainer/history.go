package trainer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Trained is the result of training since the previous validation, or since the start of
// the epoch.
type Trained struct {
	Loss     float64  // mean over all batches
	Losses   []Figure // mean over each task's batches, by task
	Parts    []Figure // for tasks with a teacher: hard_ner, soft_ner, hidden_ner; taught_ner of calls without labels of the task; alpha_ner of a teacher that is annealed
	Weights  []Figure // of the tasks' losses at the end; nil with BalanceFixed
	GradNorm float64  // mean, before clipping
	Rate     float64  // learning rate of the last step
	Samples  int
	Tokens   int // without padding
	Skipped  int // steps with a non-finite loss or gradient
	Seconds  float64
}

// Evaluation is the result of a validation, and of the training before it.
type Evaluation struct {
	Epoch   int // from 1
	Step    int // of the whole run, from 1
	Train   Trained
	Val     []Scores // one per task
	Average float64  // mean of the tasks' selection metrics
	Score   float64  // decides which weights are best
}

// Values of Settings.Best other than a metric's name.
const (
	BestAverage = "avg"  // mean of the tasks' selection metrics; higher is better
	BestLoss    = "loss" // sum of the tasks' validation losses; lower is better
)

// decisive returns the figure that decides which weights are best.
func (e Evaluation) decisive(by string) (float64, error) {
	switch by {
	case BestAverage:
		return e.Average, nil
	case BestLoss:
		return e.loss(), nil
	}
	values := e.valMetrics()
	value, found := values[by]
	if !found {
		return 0, fmt.Errorf("no figure %q to decide which weights are best; there are %s", by, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
	}
	return value, nil
}

// lowerIsBetter reports whether the lowest value of a figure is the best: that of a loss
// or of the perplexity.
func lowerIsBetter(figure string) bool {
	_, name, _ := strings.Cut(figure, "/")
	return figure == BestLoss || strings.HasPrefix(figure, "val/loss") || name == perplexity
}

// loss returns the sum of the tasks' validation losses.
func (e Evaluation) loss() float64 {
	var total float64
	for _, s := range e.Val {
		total += s.Loss
	}
	return total
}

// valMetrics returns the validation's figures under the tracker's names: the part before
// "/" is a section of its charts.
func (e Evaluation) valMetrics() map[string]float64 {
	values := map[string]float64{"val/avg": e.Average, "val/loss": e.loss()}
	for _, s := range e.Val {
		values["val/"+s.Name] = s.Value
		values["val/loss_"+s.Task] = s.Loss
		for _, figure := range s.Report {
			values["val_"+s.Task+"/"+figure.Name] = figure.Value
		}
	}
	return values
}

// History is the history of a run.
type History struct {
	All          []Evaluation
	Best         int // index+1 in All of the best validation; 0 before the first
	Completed    int // epochs
	StoppedEarly bool
}

// BestEvaluation returns the best validation; false before the first.
func (h *History) BestEvaluation() (Evaluation, bool) {
	if h.Best == 0 {
		return Evaluation{}, false
	}
	return h.All[h.Best-1], true
}

func (h *History) add(e Evaluation, best bool) {
	h.All = append(h.All, e)
	if best {
		h.Best = len(h.All)
	}
}

// lastMetrics returns the figures of the last validation and of the training before it,
// under the tracker's names.
func (h *History) lastMetrics(stopping EarlyStopping) map[string]float64 {
	e := h.All[len(h.All)-1]
	values := e.valMetrics()
	maps.Copy(values, map[string]float64{
		"train/loss":               e.Train.Loss,
		"train/grad_norm":          e.Train.GradNorm,
		"train/learning_rate":      e.Train.Rate,
		"train/skipped_steps":      float64(e.Train.Skipped),
		"throughput/samples_per_s": float64(e.Train.Samples) / max(e.Train.Seconds, 1e-9),
		"throughput/tokens_per_s":  float64(e.Train.Tokens) / max(e.Train.Seconds, 1e-9),
		"throughput/epoch_seconds": e.Train.Seconds,
		"progress/epoch":           float64(e.Epoch),
		"progress/step":            float64(e.Step),
		"best/score":               stopping.best,
		"early_stop/no_improve":    float64(stopping.waiting),
	})
	if best, found := h.BestEvaluation(); found {
		values["best/avg_val"] = best.Average
		values["early_stop/best_avg"] = best.Average // the prototype's name for it
	}
	for _, loss := range e.Train.Losses {
		values["train/loss_"+loss.Name] = loss.Value
	}
	for _, part := range e.Train.Parts {
		values["train/"+part.Name] = part.Value
	}
	for _, weight := range e.Train.Weights {
		values["train/weight_"+weight.Name] = weight.Value
	}
	return values
}
