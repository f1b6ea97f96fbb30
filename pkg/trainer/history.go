package trainer

import "slices"

// Trained is what an epoch's training gave.
type Trained struct {
	Loss     float64  // mean over all batches
	Losses   []Figure // mean over each task's batches, by task
	GradNorm float64  // mean, before clipping
	Rate     float64  // learning rate of the last step
	Samples  int
	Tokens   int // real ones, without padding
	Seconds  float64
}

// Epoch is one epoch's figures.
type Epoch struct {
	Number  int // from 1
	Train   Trained
	Val     []Scores // one for each task
	Average float64  // mean of the tasks' counting scores: decides what is best
}

// History is the course of a run.
type History struct {
	All          []Epoch
	Best         int // number of the best epoch; 0 before the first
	StoppedEarly bool
}

// Epochs returns how many epochs are complete.
func (h *History) Epochs() int { return len(h.All) }

// BestEpoch returns the best epoch's figures; false before the first.
func (h *History) BestEpoch() (Epoch, bool) {
	i := slices.IndexFunc(h.All, func(e Epoch) bool { return e.Number == h.Best })
	if i < 0 {
		return Epoch{}, false
	}
	return h.All[i], true
}

func (h *History) add(e Epoch, best bool) {
	h.All = append(h.All, e)
	if best {
		h.Best = e.Number
	}
}

// lastMetrics names the last epoch's figures as a tracker shows them: the part
// before "/" is a section of its charts.
func (h *History) lastMetrics(stopping EarlyStopping) map[string]float64 {
	e := h.All[len(h.All)-1]
	values := map[string]float64{
		"train/loss":               e.Train.Loss,
		"train/grad_norm":          e.Train.GradNorm,
		"train/learning_rate":      e.Train.Rate,
		"throughput/samples_per_s": float64(e.Train.Samples) / max(e.Train.Seconds, 1e-9),
		"throughput/tokens_per_s":  float64(e.Train.Tokens) / max(e.Train.Seconds, 1e-9),
		"throughput/epoch_seconds": e.Train.Seconds,
		"val/avg":                  e.Average,
		"best/avg_val":             stopping.best,
		"early_stop/no_improve":    float64(stopping.waiting),
	}
	for _, loss := range e.Train.Losses {
		values["train/loss_"+loss.Name] = loss.Value
	}
	for _, s := range e.Val {
		values["val/"+s.Name] = s.Value
		for _, figure := range s.Report {
			values["val_"+s.Task+"/"+figure.Name] = figure.Value
		}
	}
	return values
}
