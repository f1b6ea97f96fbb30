package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/metrics"
)

// Outputs are one head's logits on labelled records, and the truth. A row is a record, or a
// word of one.
type Outputs struct {
	Labels int  // logits of a row: the head's labels, or its yes/no outputs
	YesNo  bool // each logit is an answer of its own, by sigmoid; otherwise one label is chosen, by softmax

	Logits []float32 // [rows·Labels]
	// Truth is a row's class, or Labels if the model doesn't know it; with YesNo, 1 or 0
	// for each output of a row, [rows·Labels]. -1 is a missing label.
	Truth   []int
	Records []int    // by row: which record it belongs to
	Groups  []string // by row: the record's language; nil: not known
}

func (o Outputs) rows() int { return len(o.Records) }

// check returns an error about invalid shapes.
func (o Outputs) check() error {
	truth := o.rows()
	if o.YesNo {
		truth *= o.Labels
	}
	switch {
	case o.Labels < 1:
		return errors.New("no labels")
	case len(o.Logits) != o.rows()*o.Labels, len(o.Truth) != truth, o.Groups != nil && len(o.Groups) != o.rows():
		return fmt.Errorf("%d rows of %d labels, but %d logits, %d true labels and %d groups", o.rows(), o.Labels, len(o.Logits), len(o.Truth), len(o.Groups))
	case !numbers.Finite(o.Logits...):
		return errors.New("a logit isn't finite")
	}
	return nil
}

func (o Outputs) row(i int) []float32 { return o.Logits[i*o.Labels : (i+1)*o.Labels] }

// labelled returns the number of records with a label, known to the model or not.
func (o Outputs) labelled() int {
	found := map[int]bool{}
	for i, record := range o.Records {
		truth := o.Truth[i : i+1]
		if o.YesNo {
			truth = o.Truth[i*o.Labels : (i+1)*o.Labels]
		}
		if slices.ContainsFunc(truth, func(class int) bool { return class >= 0 }) {
			found[record] = true
		}
	}
	return len(found)
}

// part returns the rows for which keep is true.
func (o Outputs) part(keep func(row int) bool) Outputs {
	some := Outputs{Labels: o.Labels, YesNo: o.YesNo}
	for i := range o.rows() {
		if !keep(i) {
			continue
		}
		some.Logits, some.Records = append(some.Logits, o.row(i)...), append(some.Records, o.Records[i])
		if o.YesNo {
			some.Truth = append(some.Truth, o.Truth[i*o.Labels:(i+1)*o.Labels]...)
		} else {
			some.Truth = append(some.Truth, o.Truth[i])
		}
		if o.Groups != nil {
			some.Groups = append(some.Groups, o.Groups[i])
		}
	}
	return some
}

// Softmax returns exp(xᵢ/t) / Σ exp(xⱼ/t).
func Softmax(logits []float32, t float64) []float32 {
	highest := math.Inf(-1)
	for _, x := range logits {
		highest = max(highest, float64(x))
	}
	exps := make([]float64, len(logits))
	var sum float64
	for i, x := range logits {
		exps[i] = math.Exp((float64(x) - highest) / t)
		sum += exps[i]
	}
	probabilities := make([]float32, len(logits))
	for i, e := range exps {
		probabilities[i] = float32(e / sum)
	}
	return probabilities
}

// Sigmoid returns 1 / (1 + exp(-x/t)).
func Sigmoid(x float32, t float64) float64 { return 1 / (1 + math.Exp(-float64(x)/t)) }

// NLL returns the mean negative log-likelihood of the labels that the model knows, with
// temperature t, in nats; NaN if there are none.
func (o Outputs) NLL(t float64) float64 {
	var sum float64
	count := 0
	for i := range o.rows() {
		row := o.row(i)
		if o.YesNo {
			for k, x := range row {
				if truth := o.Truth[i*o.Labels+k]; truth >= 0 {
					sum += logOnePlusExp(float64(1-2*truth) * float64(x) / t)
					count++
				}
			}
			continue
		}
		if truth := o.Truth[i]; truth >= 0 && truth < o.Labels {
			highest := float64(slices.Max(row))
			var exps float64
			for _, x := range row {
				exps += math.Exp((float64(x) - highest) / t)
			}
			sum += math.Log(exps) - (float64(row[truth])-highest)/t
			count++
		}
	}
	return sum / float64(count)
}

// logOnePlusExp returns log(1 + exp(x)), without overflow.
func logOnePlusExp(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// outcomes returns the probabilities, with temperature t, that [metrics.Calibrate] measures:
// of the most likely label of each row, or of the answer yes; and whether they came true.
func (o Outputs) outcomes(t float64) (p []float32, happened []bool) {
	for i := range o.rows() {
		row := o.row(i)
		if o.YesNo {
			for k, x := range row {
				if truth := o.Truth[i*o.Labels+k]; truth >= 0 {
					p, happened = append(p, float32(Sigmoid(x, t))), append(happened, truth == 1)
				}
			}
			continue
		}
		if o.Truth[i] >= 0 {
			best := numbers.Argmax(row)
			p, happened = append(p, Softmax(row, t)[best]), append(happened, best == o.Truth[i])
		}
	}
	return p, happened
}

// Calibration measures how well the probabilities match the truth, with temperature t.
func (o Outputs) Calibration(t float64) metrics.Calibration {
	p, happened := o.outcomes(t)
	return metrics.Calibrate(p, happened, metrics.DefaultBins)
}
