package report

import (
	"math"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// mostConfused is the maximum number of pairs in a report.
const mostConfused = 20

// Classes has the scores of choosing one of several classes for each word or record.
// Unknown labels in the truth count as an additional class.
type Classes struct {
	Labels       []string          `json:"labels"` // of the confusion matrix: by class id; UnknownLabel last, if present
	Total        int               `json:"total"`  // words or records
	Unknown      int               `json:"unknown"`
	Accuracy     float64           `json:"accuracy"`
	MacroF1      float64           `json:"macro_f1"` // mean over the classes in truth or predictions
	WeightedF1   float64           `json:"weighted_f1"`
	PerLabel     []LabelScore      `json:"per_label"`
	Confusion    metrics.Confusion `json:"confusion"` // [true][predicted]
	MostConfused []Confused        `json:"most_confused"`
}

// Confused counts how often one label was mistaken for another.
type Confused struct {
	Truth     string `json:"truth"`
	Predicted string `json:"predicted"`
	Count     int    `json:"count"`
}

func newClasses(labels []string, choices []choice) (*Classes, error) {
	c := &Classes{Labels: append([]string(nil), labels...), Total: len(choices), PerLabel: []LabelScore{}, MostConfused: []Confused{}}
	truth, predicted := make([]int, len(choices)), make([]int, len(choices))
	for i, choice := range choices {
		truth[i], predicted[i] = choice.truth, choice.predicted
		if choice.truth == len(labels) {
			c.Unknown++
		}
	}
	if c.Unknown > 0 {
		c.Labels = append(c.Labels, UnknownLabel)
	}
	matrix, err := metrics.NewConfusion(truth, predicted, len(c.Labels))
	if err != nil {
		return nil, err
	}
	c.Confusion = matrix
	c.Accuracy = matrix.Accuracy()
	c.MacroF1 = matrix.Average(metrics.Macro).F1
	c.WeightedF1 = matrix.Average(metrics.Weighted).F1
	for class, score := range matrix.Scores() {
		c.PerLabel = append(c.PerLabel, LabelScore{c.Labels[class], score})
	}
	for _, pair := range matrix.MostConfused(mostConfused) {
		c.MostConfused = append(c.MostConfused, Confused{c.Labels[pair.Truth], c.Labels[pair.Predicted], pair.Count})
	}
	return c, nil
}

// classHead has the choices of one head, by record; truth is tasks.IgnoreClass if there
// is no label.
type classHead struct {
	name    string
	choices []choice
	counts  []metrics.Counts // by class; reused for each resample
}

func (r *Report) addClasses(o Outputs) (measure, error) {
	var heads []classHead
	for h, head := range o.Task.Heads {
		all := make([]choice, len(o.Records))
		var labelled []choice
		for i, truth := range o.Heads[h].Truth {
			all[i] = o.choice(h, i)
			if truth[0] != tasks.IgnoreClass {
				labelled = append(labelled, all[i])
			}
		}
		classes, err := newClasses(head.Labels, labelled)
		if err != nil {
			return measure{}, err
		}
		r.Heads = append(r.Heads, Head{Name: head.Name, Records: len(labelled), Classes: classes, Calibration: calibrate(labelled)})
		if len(labelled) > 0 {
			heads = append(heads, classHead{head.Name, all, make([]metrics.Counts, len(head.Labels)+1)})
		}
	}
	m := classMeasure(heads)
	if o.Task.Paired() {
		m = m.and("contradictions", share(contradictions(o)))
	}
	return m, nil
}

// contradictions reports for each record whether the labels of its answer contradict
// each other.
func contradictions(o Outputs) []bool {
	list := make([]bool, len(o.Records))
	answer := make([]int, len(o.Heads))
	for i := range list {
		for h := range o.Heads {
			answer[h] = o.choice(h, i).predicted
		}
		list[i] = !o.Task.Consistent(answer)
	}
	return list
}

// classMeasure computes avg_acc, then accuracy and macro-F1 of each head.
func classMeasure(heads []classHead) measure {
	names := []string{"avg_acc"}
	for _, h := range heads {
		names = append(names, "acc_"+h.name, "macro_f1_"+h.name)
	}
	values, accuracies := make([]float64, len(names)), make([]float64, len(heads))
	return measure{names, func(index []int) []float64 {
		for i, h := range heads {
			accuracy, f1 := h.score(index)
			accuracies[i] = accuracy
			values[1+2*i], values[2+2*i] = accuracy, f1
		}
		values[0] = average(accuracies)
		return values
	}}
}

func (h classHead) score(index []int) (accuracy, macroF1 float64) {
	clear(h.counts)
	for _, i := range index {
		c := h.choices[i]
		if c.truth == tasks.IgnoreClass {
			continue
		}
		h.counts[c.truth].Actual++
		h.counts[c.predicted].Predicted++
		if c.truth == c.predicted {
			h.counts[c.truth].Hits++
		}
	}
	return accuracyAndMacroF1(h.counts)
}

// accuracyAndMacroF1 is over the classes present in truth or predictions; NaN if there
// are none.
func accuracyAndMacroF1(classes []metrics.Counts) (accuracy, macroF1 float64) {
	var all metrics.Counts
	present := 0
	for _, c := range classes {
		if c.Actual+c.Predicted > 0 {
			all = all.Add(c)
			macroF1 += c.F1()
			present++
		}
	}
	if present == 0 {
		return math.NaN(), math.NaN()
	}
	return all.Recall(), macroF1 / float64(present)
}
