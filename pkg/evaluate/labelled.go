package evaluate

import (
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// put sets the outputs for the example at index at: the true classes (in a token task, of
// its labelled words), and the corresponding probabilities, calibrated by c unless it is nil.
func put(o *report.Outputs, at int, l fusion.Logits, label datasets.Label, c *calibrate.Calibration) {
	if o.Answers != nil {
		o.Answers[at] = o.Task.Answer(l.Values)
	}
	for h := range o.Heads {
		head, p := &o.Heads[h], l.Probabilities(o.Task, h, c.Temperature(o.Task.Name, o.Task.Heads[h].Name))
		switch layout := o.Task.Kind.Layout(); {
		case layout.YesNo:
			head.Truth[at], head.Probabilities[at] = flags(label.Flags[h]), p
		case layout.PerToken:
			head.Truth[at], head.Probabilities[at] = words(l, p, label.Classes, len(o.Task.Heads[h].Labels))
		default:
			class := classOf(label.Classes[h], len(o.Task.Heads[h].Labels))
			head.Truth[at], head.Probabilities[at] = []int{class}, p
		}
	}
}

// classOf returns a true class; one that the model doesn't know comes after its labels.
func classOf(class int64, labels int) int {
	if class == tasks.UnknownClass {
		return labels
	}
	return int(class)
}

// flags returns 1 for yes, 0 for no, and tasks.IgnoreClass for an output without a label.
func flags(values []float32) []int {
	truth := make([]int, len(values))
	for k, value := range values {
		switch {
		case value == tasks.IgnoreClass:
			truth[k] = tasks.IgnoreClass
		case value > 0.5:
			truth[k] = 1
		}
	}
	return truth
}

// words returns the true classes of the labelled words, and their part of the probabilities
// of all words; classes has one for each token.
func words(l fusion.Logits, all []float32, classes []int64, labels int) (truth []int, p []float32) {
	for i, token := range l.Tokens {
		if class := classes[token]; class != tasks.IgnoreToken {
			truth = append(truth, classOf(class, labels))
			p = append(p, all[i*labels:(i+1)*labels]...)
		}
	}
	return truth, p
}
