package report

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Options are the options of a report.
type Options struct {
	Resamples int    // bootstrap resamples for the intervals; 0: no intervals
	Seed      uint64 // of the resamples
	// Threshold is, by head, the probability above which a multilabel head's outputs are
	// yes; DefaultThreshold if missing.
	Threshold map[string]float64
}

// Report is the evaluation of a model on one task.
type Report struct {
	Task      string     `json:"task"`
	Kind      tasks.Kind `json:"kind"`
	Records   int        `json:"records"`
	Resamples int        `json:"resamples"`
	Seed      uint64     `json:"seed"`
	Headline  []Figure   `json:"headline"` // the task's main figure first
	// Entities, for token tasks, has the scores of whole entities; the Classes of their
	// heads are about words.
	Entities *Entities `json:"entities,omitempty"`
	Heads    []Head    `json:"heads"`
	numbers  []int     // of the records
}

// Figure is one named number. The names are those of training.
//
//	entity_f1 entity_precision entity_recall  token tasks: whole entities, all labels together
//	token_accuracy token_macro_f1 token_weighted_f1  token tasks: labelled words
//	avg_acc                                   multiclass: mean of the heads' accuracies
//	acc_HEAD macro_f1_HEAD                    multiclass: one head
//	contradictions                            multiclass, where a head follows another: share of answers whose labels don't go together
//	avg_f1                                    multilabel: mean of the heads' f1_HEAD
//	criteria_f1                               multilabel: mean of the outputs' F1
//	f1_HEAD                                   multilabel: micro-F1 of a head; the accuracy of a head with one output, as in scikit-learn
type Figure struct {
	Name     string            `json:"name"`
	Value    float64           `json:"value"`
	Interval *metrics.Interval `json:"interval"` // null: there is none
}

// LabelScore has the scores of one label.
type LabelScore struct {
	Label string `json:"label"`
	metrics.Score
}

// Head is the report on one head.
type Head struct {
	Name    string   `json:"name"`
	Records int      `json:"records"`           // with a label for this head
	Classes *Classes `json:"classes,omitempty"` // token (of words) and multiclass heads
	Flags   *Flags   `json:"flags,omitempty"`   // multilabel heads
	// Calibration is that of the most likely class of each record or word, or of the
	// answer yes over all outputs of a head.
	Calibration metrics.Calibration `json:"calibration"`
	// Calibrated is that with a fitted temperature, measured on records that it wasn't
	// fitted on; nil: none was fitted.
	Calibrated *metrics.Calibration `json:"calibrated,omitempty"`
}

// New reports on outputs. The report on a task without records has only zeros.
// Resampling can take long; ctx cancels it.
func New(ctx context.Context, o Outputs, opt Options) (Report, error) {
	r, m, err := measured(o, opt)
	if err != nil {
		return Report{}, fmt.Errorf("report on task %s: %w", o.Task.Name, err)
	}
	r.Headline, err = m.figures(ctx, len(o.Records), opt)
	return r, err
}

// measured returns a report without its headline, and what computes that.
func measured(o Outputs, opt Options) (Report, measure, error) {
	if err := o.check(); err != nil {
		return Report{}, measure{}, err
	}
	if err := opt.check(o.Task); err != nil {
		return Report{}, measure{}, err
	}
	r := Report{Task: o.Task.Name, Kind: o.Task.Kind, Records: len(o.Records), Resamples: opt.Resamples, Seed: opt.Seed, numbers: o.Records}
	var m measure
	var err error
	switch o.Task.Kind {
	case tasks.Token:
		m, err = r.addToken(o)
	case tasks.MultiClass:
		m, err = r.addClasses(o)
	default:
		m = r.addFlags(o, opt)
	}
	return r, m, err
}

// Figures returns the report's figures for a tracker: the headline, then, under the
// names used in training, f1_LABEL of entities and sub_f1_HEAD_OUTPUT, then ece_HEAD,
// best_threshold_HEAD and best_f1_HEAD.
func (r Report) Figures() []Figure {
	list := append([]Figure(nil), r.Headline...)
	if r.Entities != nil {
		for _, l := range r.Entities.PerLabel {
			if l.Support+l.Predicted > 0 {
				list = append(list, Figure{Name: "f1_" + l.Label, Value: l.F1})
			}
		}
	}
	for _, h := range r.Heads {
		if h.Records == 0 {
			continue
		}
		if h.Flags != nil {
			for _, output := range h.Flags.Outputs {
				name := "sub_f1_" + h.Name + "_" + strings.ReplaceAll(output.Label, "/", " or ")
				list = append(list, Figure{Name: name, Value: output.F1})
			}
		}
		list = append(list, Figure{Name: "ece_" + h.Name, Value: h.Calibration.ECE})
		if h.Calibrated != nil {
			list = append(list, Figure{Name: "ece_calibrated_" + h.Name, Value: h.Calibrated.ECE})
		}
		if h.Flags != nil {
			list = append(list,
				Figure{Name: "best_threshold_" + h.Name, Value: h.Flags.Best.Threshold},
				Figure{Name: "best_f1_" + h.Name, Value: h.Flags.Best.F1})
		}
	}
	return list
}

func (o Options) check(task tasks.Task) error {
	if o.Resamples < 0 {
		return fmt.Errorf("%d resamples", o.Resamples)
	}
	for name, threshold := range o.Threshold {
		if !(threshold > 0 && threshold < 1) {
			return fmt.Errorf("threshold %g of head %s; want more than 0 and less than 1", threshold, name)
		}
		found := false
		for _, head := range task.Heads {
			found = found || head.Name == name
		}
		if !found || !task.YesNo() {
			return fmt.Errorf("threshold of %s: no multilabel head of this name", name)
		}
	}
	return nil
}

// threshold returns the threshold of a head.
func (o Options) threshold(head string) float64 {
	if t, given := o.Threshold[head]; given {
		return t
	}
	return DefaultThreshold
}

// measure computes the headline for the records in index, which may contain a record
// several times. An undefined figure is NaN.
type measure struct {
	names []string
	of    func(index []int) []float64
}

// and adds a figure.
func (m measure) and(name string, of func(index []int) float64) measure {
	return measure{append(m.names, name), func(index []int) []float64 {
		return append(m.of(index), of(index))
	}}
}

// share is the share of true values; NaN if there are none.
func share(so []bool) func(index []int) float64 {
	return func(index []int) float64 {
		count := 0
		for _, i := range index {
			if so[i] {
				count++
			}
		}
		return float64(count) / float64(len(index))
	}
}

// figures returns the figures over all records, with their intervals.
func (m measure) figures(ctx context.Context, records int, opt Options) ([]Figure, error) {
	list := make([]Figure, len(m.names))
	for i, value := range m.of(all(records)) {
		if math.IsNaN(value) {
			value = 0
		}
		list[i] = Figure{Name: m.names[i], Value: value}
	}
	if records == 0 || opt.Resamples == 0 {
		return list, nil
	}
	intervals, err := metrics.Bootstrap{Resamples: opt.Resamples, Seed: opt.Seed}.Intervals(ctx, records, m.of)
	if err != nil {
		return nil, err
	}
	for i, interval := range intervals {
		if !math.IsNaN(interval.Low) {
			list[i].Interval = &interval
		}
	}
	return list, nil
}

// all returns the index of all records.
func all(records int) []int {
	index := make([]int, records)
	for i := range index {
		index[i] = i
	}
	return index
}

// average is the mean, ignoring NaN values; NaN if there are none.
func average(values []float64) float64 {
	var sum float64
	count := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			count++
		}
	}
	return sum / float64(count)
}
