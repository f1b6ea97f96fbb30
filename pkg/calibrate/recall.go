package calibrate

import (
	"fmt"
	"math"
	"slices"
)

// Threshold is a label's probability at and above which a call is suspected to have it, so
// that a wished share of the calls that do are found. It changes no answer.
type Threshold struct {
	Task  string `json:"task"`
	Head  string `json:"head"` // its name
	Label string `json:"label"`

	Recall      float64 `json:"recall"`      // wished share
	Probability float64 `json:"probability"` // the threshold
	Positives   int     `json:"positives"`   // held-out records with the label
	Flagged     float64 `json:"flagged"`     // share of the labelled records that are suspected
}

// fit sets the threshold so that a new call with the label is suspected with a probability
// of at least Recall: the rank'th highest probability of the calls that have it. p are the
// probabilities of the label, has whether a record has it.
func (t *Threshold) fit(p []float64, has []bool) error {
	var positives []float64
	for i, yes := range has {
		if yes {
			positives = append(positives, p[i])
		}
	}
	t.Positives = len(positives)
	k := rank(len(positives), t.Recall)
	if k > len(positives) {
		need := int(math.Ceil(t.Recall/(1-t.Recall) - 1e-6))
		return fmt.Errorf("only %d records have the label; a recall of %g takes at least %d", len(positives), t.Recall, need)
	}
	slices.Sort(positives)
	t.Probability = positives[len(positives)-k]
	flagged := 0
	for _, q := range p {
		if q >= t.Probability {
			flagged++
		}
	}
	t.Flagged = float64(flagged) / float64(len(p))
	return nil
}

// Recall fits a threshold for a label, whose task, head and name only name it, on the
// records with a label for the head; label is its index.
func (o Outputs) Recall(t Threshold, label int, temperature float64) (Threshold, error) {
	var p []float64
	var has []bool
	for i := range o.rows() {
		if o.YesNo {
			if truth := o.Truth[i*o.Labels+label]; truth >= 0 {
				p, has = append(p, float64(float32(Sigmoid(o.row(i)[label], temperature)))), append(has, truth == 1)
			}
			continue
		}
		if o.Truth[i] >= 0 {
			p, has = append(p, float64(Softmax(o.row(i), temperature)[label])), append(has, o.Truth[i] == label)
		}
	}
	err := t.fit(p, has)
	return t, err
}
