package trainer

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Settings are the hyperparameters of a run.
type Settings struct {
	Epochs       int     // 0: no run, only [Trainer.Step] and [Trainer.Evaluate]
	LearningRate float64 // peak
	Scheduler    string  // learning rate schedule, one of [Schedulers]; "" is Linear
	WeightDecay  float64

	HeadLearningRate float64 // peak, for the heads; 0: LearningRate
	LayerDecay       float64 // learning rate of an encoder layer, as a fraction of that of the layer above; 0 means 1
	NoDecayOnVectors bool    // no weight decay on biases and LayerNorm weights

	WarmupRatio float64 // share of all steps
	WarmupSteps int     // overrides WarmupRatio unless it is 0
	MaxGradNorm float64 // 0 disables clipping
	MaxBadSteps int     // abort after this many consecutive non-finite steps; 0 means after the first
	Seed        uint64  // for shuffling and dropout
	BF16        bool    // matrix products in bfloat16, weights in float32

	// AccumulationSteps is the number of parts that each rank processes its share of a
	// batch in, in training and validation. Gradients are summed over the parts before
	// the weights are updated, so results are those of the whole batch, of the loader's
	// BatchSize, with the memory of one part. 0 means 1.
	AccumulationSteps int

	// BatchTokens limits the tokens of a pass, in training and validation, including those
	// of padding and of all windows. A part with more is processed as several passes, to the
	// same results; a pass of a single example isn't limited, but see
	// [fusion.Model.SetBatchTokens]. 0: no limit.
	BatchTokens int

	EvalSteps int     // validate every this many steps, and after the last; 0 means after each epoch
	Best      string  // selection criterion: BestAverage, BestLoss, or a metric's name; "" is BestAverage
	Patience  int     // stop after this many validations without improvement; 0 disables it
	MinDelta  float64 // minimum increase that counts as an improvement for Patience

	SaveSteps int           // also save the state every this many steps; 0 disables it
	SaveEvery time.Duration // also save if the last state is older than this; 0 disables it

	CompressGradients bool // exchange gradients between ranks in bfloat16, half the bytes

	Sampling datasets.Sampling
	// MixTasks gives every step examples of all sets, [datasets.Mix], instead of a batch of
	// one set. BatchSize is their total; each set's loss is a mean over its own labels.
	MixTasks bool

	// LossWeights multiply the losses of tasks; a missing one is 1. Reported losses are
	// unweighted.
	LossWeights map[string]float64
	Balance     string                  // how weights are set during the run, one of [Balances]
	ClipPerTask bool                    // MaxGradNorm limits each task's gradient, instead of their sum, in steps with several
	Distill     map[string]Distillation // by task
}

// withDefaults sets defaults.
func (s Settings) withDefaults() Settings {
	s.Best = cmp.Or(s.Best, BestAverage)
	s.LayerDecay = cmp.Or(s.LayerDecay, 1)
	s.AccumulationSteps = cmp.Or(s.AccumulationSteps, 1)
	return s
}

// check returns the invalid fields, by name. names are those of the training sets'
// tasks.
func (s Settings) check(names []string) (wrong []string) {
	check := func(ok bool, field, want string, got any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf("Settings.%s is %v: it must be %s", field, got, want))
		}
	}
	atLeast0 := func(field string, value float64) {
		check(value >= 0 && numbers.Finite(value), field, "0 or more", value)
	}
	for _, field := range []struct {
		name  string
		value int
	}{
		{"Epochs", s.Epochs},
		{"WarmupSteps", s.WarmupSteps},
		{"MaxBadSteps", s.MaxBadSteps},
		{"EvalSteps", s.EvalSteps},
		{"Patience", s.Patience},
		{"SaveSteps", s.SaveSteps},
		{"AccumulationSteps", s.AccumulationSteps},
		{"BatchTokens", s.BatchTokens},
	} {
		atLeast0(field.name, float64(field.value))
	}
	atLeast0("LearningRate", s.LearningRate)
	atLeast0("WeightDecay", s.WeightDecay)
	atLeast0("HeadLearningRate", s.HeadLearningRate)
	check(s.HeadLearningRate == 0 || s.LearningRate > 0, "LearningRate", "above 0, with HeadLearningRate", s.LearningRate)
	check(s.LayerDecay > 0 && s.LayerDecay <= 1, "LayerDecay", "above 0, and 1 at most", s.LayerDecay)
	check(isScheduler(s.Scheduler), "Scheduler", "one of "+strings.Join(Schedulers(), ", "), fmt.Sprintf("%q", s.Scheduler))
	check(s.WarmupRatio >= 0 && s.WarmupRatio <= 1, "WarmupRatio", "from 0 to 1", s.WarmupRatio)
	check(s.MaxGradNorm >= 0, "MaxGradNorm", "0 or more", s.MaxGradNorm)
	atLeast0("MinDelta", s.MinDelta)
	check(s.SaveEvery >= 0, "SaveEvery", "0 or more", s.SaveEvery)
	check(s.Sampling.Temperature >= 0, "Sampling.Temperature", "0 or more", s.Sampling.Temperature)
	check(!s.MixTasks || s.Sampling == datasets.Sampling{}, "Sampling", "the zero value with MixTasks, which takes each example once an epoch", s.Sampling)
	check(slices.Contains(Balances(), s.Balance), "Balance", fmt.Sprintf("one of %q", Balances()), fmt.Sprintf("%q", s.Balance))
	known := "a task of the training sets: " + strings.Join(names, ", ")
	for _, name := range slices.Sorted(maps.Keys(s.LossWeights)) {
		check(len(names) == 0 || slices.Contains(names, name), "LossWeights", known, fmt.Sprintf("for %q", name))
		atLeast0(fmt.Sprintf("LossWeights[%q]", name), s.LossWeights[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Distill)) {
		check(len(names) == 0 || slices.Contains(names, name), "Distill", known, fmt.Sprintf("for %q", name))
		d, field := s.Distill[name], fmt.Sprintf("Distill[%q].", name)
		check(d.Alpha >= 0 && d.Alpha <= 1, field+"Alpha", "from 0 to 1", d.Alpha)
		check(d.Alpha == 0 || d.Temperature > 0 && !math.IsInf(d.Temperature, 1), field+"Temperature", "above 0, with Alpha", d.Temperature)
		atLeast0(field+"HiddenWeight", d.HiddenWeight)
		atLeast0(field+"SoftWeight", d.SoftWeight)
		check(d.AnnealingRatio >= 0 && d.AnnealingRatio <= 1, field+"AnnealingRatio", "from 0 to 1", d.AnnealingRatio)
		check(d.HiddenWeight == 0 || d.Teacher != nil, field+"Teacher", "a model, with HiddenWeight", "nil")
	}
	return wrong
}

// checkBest refuses a metric that validation on val doesn't produce.
func (s Settings) checkBest(val []datasets.Loader) error {
	if s.Best == BestAverage || s.Best == BestLoss {
		return nil
	}
	var e Evaluation
	for _, l := range val {
		e.Val = append(e.Val, Baseline(l, l)...) // any predictions have the same metric names
		for i, task := range l.Tasks {
			if task.Kind == tasks.MaskedLM { // which needs losses, unlike the others
				s := &e.Val[len(e.Val)-len(l.Tasks)+i]
				s.Report = append(s.Report, Figure{Name: perplexity})
			}
		}
	}
	if _, err := e.decisive(s.Best); err != nil {
		return fmt.Errorf("Settings.Best: %w", err)
	}
	return nil
}
