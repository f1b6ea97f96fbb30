package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// WritePredictions writes the outputs as CSV, one row per record. The columns after the
// record's number are
//
//	token       words, words_right, entities, entities_predicted, entities_right
//	multiclass  HEAD.truth, HEAD.predicted, HEAD.probability for each head
//	multilabel  HEAD.OUTPUT.truth, HEAD.OUTPUT.predicted, HEAD.OUTPUT.probability for each output
//
// The truth is empty if a record has no label, and UnknownLabel if the model doesn't
// have it. The probability is that of the predicted class, or of yes.
func WritePredictions(w io.Writer, o Outputs, opt Options) error {
	err := o.check()
	if err == nil {
		err = opt.check(o.Task)
	}
	if err == nil {
		err = writeRows(w, o, opt)
	}
	if err != nil {
		return fmt.Errorf("predictions of task %s: %w", o.Task.Name, err)
	}
	return nil
}

func writeRows(w io.Writer, o Outputs, opt Options) error {
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"record"}, columns(o.Task)...)); err != nil {
		return err
	}
	for i, number := range o.Records {
		row := []string{strconv.Itoa(number)}
		for h, head := range o.Task.Heads {
			truth, probabilities := o.Heads[h].Truth[i], o.Heads[h].Probabilities[i]
			switch o.Task.Kind {
			case tasks.Token:
				row = append(row, tokenCells(head, truth, probabilities)...)
			case tasks.MultiClass:
				row = append(row, classCells(head, o.choice(h, i))...)
			default:
				row = append(row, flagCells(truth, probabilities, opt.threshold(head.Name))...)
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func columns(task tasks.Task) []string {
	if task.PerToken() {
		return []string{"words", "words_right", "entities", "entities_predicted", "entities_right"}
	}
	var list []string
	for _, head := range task.Heads {
		names := []string{head.Name}
		if task.YesNo() {
			names = names[:0]
			for _, output := range head.Labels {
				names = append(names, head.Name+"."+output)
			}
		}
		for _, name := range names {
			list = append(list, name+".truth", name+".predicted", name+".probability")
		}
	}
	return list
}

func tokenCells(head tasks.Head, classes []int, probabilities []float32) []string {
	words, truth, said := newTokenLabels(head).read(classes, probabilities)
	right := 0
	for _, c := range words {
		if c.truth == c.predicted {
			right++
		}
	}
	entities := metrics.CountSpans(truth, said)
	var cells []string
	for _, n := range []int{len(classes), right, entities.Actual, entities.Predicted, entities.Hits} {
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}

func classCells(head tasks.Head, c choice) []string {
	truth := ""
	if c.truth != tasks.IgnoreClass {
		truth = labelName(head.Labels, c.truth)
	}
	return []string{truth, head.Labels[c.predicted], decimal(c.confidence)}
}

func flagCells(flags []int, probabilities []float32, threshold float64) []string {
	var cells []string
	for output, flag := range flags {
		truth, predicted := "", "0"
		if flag != tasks.IgnoreClass {
			truth = strconv.Itoa(flag)
		}
		p := min(probabilities[output], 1)
		if said(p, threshold) {
			predicted = "1"
		}
		cells = append(cells, truth, predicted, decimal(p))
	}
	return cells
}

func decimal(p float32) string { return strconv.FormatFloat(float64(p), 'f', 6, 32) }
