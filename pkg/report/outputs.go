package report

import (
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// UnknownLabel is used in reports for every true label that isn't one of the model's.
const UnknownLabel = "(unknown)"

// DefaultThreshold is the probability above which a yes/no output is yes.
const DefaultThreshold = 0.5

// Outputs are a model's outputs for one task's records, and the truth.
type Outputs struct {
	Task    tasks.Task
	Records []int         // record numbers in the data file, from 1
	Heads   []HeadOutputs // one per head of the task
	// Answers are, by record, the classes chosen for the heads of a multiclass task
	// ([tasks.Task.Answer]); nil: each head's most likely class.
	Answers [][]int
}

// HeadOutputs are one head's truth and probabilities, by record.
type HeadOutputs struct {
	// Truth of a token task is the class of each labelled word, in
	// [tasks.Head.TrueLabels], which equal Labels unless these are tags. Of a multiclass
	// task it is one class, or tasks.IgnoreClass if the record has no label for this
	// head. In both, the class len(Labels) is a label that the model doesn't know, which
	// always counts as an error. Of a multilabel task it is 0 or 1 for each output, or
	// tasks.IgnoreClass, which is skipped.
	Truth [][]int
	// Probabilities of a token task are [words·labels], row-major, by softmax;
	// of a multiclass task [labels], by softmax; of a multilabel task [outputs],
	// by sigmoid.
	Probabilities [][]float32
}

// check returns an error about invalid shapes or values.
func (o Outputs) check() error {
	if len(o.Heads) != len(o.Task.Heads) {
		return fmt.Errorf("outputs of %d heads; the task has %d", len(o.Heads), len(o.Task.Heads))
	}
	switch {
	case !o.Task.Kind.Known():
		return fmt.Errorf("no report for tasks of kind %q", o.Task.Kind)
	case o.Task.PerToken() && len(o.Heads) != 1:
		return fmt.Errorf("a %s task has one head, not %d", o.Task.Kind, len(o.Heads))
	}
	for h, head := range o.Heads {
		if err := o.checkHead(h, head); err != nil {
			return fmt.Errorf("head %s: %w", o.Task.Heads[h].Name, err)
		}
	}
	return o.checkAnswers()
}

func (o Outputs) checkHead(h int, head HeadOutputs) error {
	width := len(o.Task.Heads[h].Labels)
	if width == 0 {
		return errors.New("it has no labels")
	}
	if len(head.Truth) != len(o.Records) || len(head.Probabilities) != len(o.Records) {
		return fmt.Errorf("%d records, truth of %d, probabilities of %d", len(o.Records), len(head.Truth), len(head.Probabilities))
	}
	layout := o.Task.Kind.Layout()
	lowest, highest := layout.Ignore, width
	switch {
	case layout.PerToken: // only labelled words are in the truth
		lowest, highest = 0, len(o.Task.Heads[h].TrueLabels())
	case layout.YesNo:
		highest = 1
	}
	for i, number := range o.Records {
		truth, probabilities := head.Truth[i], head.Probabilities[i]
		values, want := layout.Targets(width, len(truth)), layout.Outputs(width, len(truth))
		if len(truth) != values || len(probabilities) != want {
			return fmt.Errorf("record %d: %d labels and %d probabilities; want %d and %d", number, len(truth), len(probabilities), values, want)
		}
		for _, class := range truth {
			if class < lowest || class > highest {
				return fmt.Errorf("record %d: label %d isn't one of %d to %d", number, class, lowest, highest)
			}
		}
		for _, p := range probabilities {
			if !(p >= 0 && p <= 1+rounding) {
				return fmt.Errorf("record %d: %g is no probability", number, p)
			}
		}
	}
	return nil
}

func (o Outputs) checkAnswers() error {
	switch {
	case o.Answers == nil:
		return nil
	case o.Task.Kind != tasks.MultiClass:
		return fmt.Errorf("a %s task has no answers beside its probabilities", o.Task.Kind)
	case len(o.Answers) != len(o.Records):
		return fmt.Errorf("%d records, answers to %d", len(o.Records), len(o.Answers))
	}
	for i, answer := range o.Answers {
		if len(answer) != len(o.Heads) {
			return fmt.Errorf("record %d: answers of %d heads; the task has %d", o.Records[i], len(answer), len(o.Heads))
		}
		for h, class := range answer {
			if class < 0 || class >= len(o.Task.Heads[h].Labels) {
				return fmt.Errorf("record %d: head %s: answer %d isn't one of 0 to %d", o.Records[i], o.Task.Heads[h].Name, class, len(o.Task.Heads[h].Labels)-1)
			}
		}
	}
	return nil
}

// rounding is how far half-precision arithmetic may exceed a probability of 1.
const rounding = 0.01

// choice is the class chosen for one word or record, and the true class.
type choice struct {
	truth, predicted int
	confidence       float32 // probability of the predicted class
}

// choose returns the most likely class, the first if there are several.
func choose(truth int, probabilities []float32) choice {
	best := numbers.Argmax(probabilities)
	return choice{truth, best, min(probabilities[best], 1)}
}

// choice returns the class chosen by head h of a multiclass task for record i.
func (o Outputs) choice(h, i int) choice {
	truth, probabilities := o.Heads[h].Truth[i][0], o.Heads[h].Probabilities[i]
	if o.Answers == nil {
		return choose(truth, probabilities)
	}
	class := o.Answers[i][h]
	return choice{truth, class, min(probabilities[class], 1)}
}

// calibrate compares the confidence of choices with their accuracy.
func calibrate(choices []choice) metrics.Calibration {
	confidence, right := make([]float32, len(choices)), make([]bool, len(choices))
	for i, c := range choices {
		confidence[i], right[i] = c.confidence, c.predicted == c.truth
	}
	return metrics.Calibrate(confidence, right, metrics.DefaultBins)
}

// labelName returns the label of a class, UnknownLabel if the model doesn't have it.
func labelName(labels []string, class int) string {
	if class < len(labels) {
		return labels[class]
	}
	return UnknownLabel
}
