package report

import (
	"math"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Flags are the scores of one head's yes/no outputs.
type Flags struct {
	Threshold float64  `json:"threshold"` // probability above which an output is yes
	F1        float64  `json:"f1"`        // f1_HEAD in the headline
	Outputs   []Output `json:"outputs"`
	// Sweep has the scores of the answer yes, over all of the head's outputs, at
	// thresholds from 0.01 to 0.99; Best is the one with the highest F1 (the nearest to
	// 0.5 if there are several), AtDefault the one at DefaultThreshold. Best was chosen
	// on these records, so it is slightly optimistic for others.
	Sweep     []metrics.Point `json:"sweep"`
	Best      metrics.Point   `json:"best"`
	AtDefault metrics.Point   `json:"at_default"`
}

// Output has the scores of the answer yes of one output.
type Output struct {
	LabelScore
	Records   int               `json:"records"`   // with this label
	Confusion metrics.Confusion `json:"confusion"` // [true no, yes][predicted no, yes]
}

// answer combines the truth and the prediction of one output for one record, as the bits
// 2 and 1, or is unlabelled.
type answer uint8

const (
	truthBit   answer = 2
	saidBit    answer = 1
	unlabelled answer = 4
)

// answers counts the answers of one output by kind.
type answers [unlabelled + 1]int

func (a answers) counts() metrics.Counts {
	hits := a[truthBit|saidBit]
	return metrics.Counts{Hits: hits, Predicted: hits + a[saidBit], Actual: hits + a[truthBit]}
}

func (a answers) labelled() int { return a[0] + a[saidBit] + a[truthBit] + a[truthBit|saidBit] }

func (a answers) confusion() metrics.Confusion {
	return metrics.Confusion{{a[0], a[saidBit]}, {a[truthBit], a[truthBit|saidBit]}}
}

// flagHead is one head's answers, [records·outputs].
type flagHead struct {
	name    string
	width   int
	answers []answer
	counts  []answers // by output; reused for each resample
}

func (r *Report) addFlags(o Outputs, opt Options) measure {
	var heads []flagHead
	for h, task := range o.Task.Heads {
		threshold := opt.threshold(task.Name)
		head := flagHead{name: task.Name, width: len(task.Labels), counts: make([]answers, len(task.Labels))}
		var truth []int
		var probabilities []float32
		var yes []bool
		labelled := 0
		for i, flags := range o.Heads[h].Truth {
			before := len(truth)
			for output, flag := range flags {
				if flag == tasks.IgnoreClass {
					head.answers = append(head.answers, unlabelled)
					continue
				}
				p := min(o.Heads[h].Probabilities[i][output], 1)
				truth, probabilities, yes = append(truth, flag), append(probabilities, p), append(yes, flag == 1)
				head.answers = append(head.answers, newAnswer(flag == 1, said(p, threshold)))
			}
			if len(truth) > before {
				labelled++
			}
		}
		flags := &Flags{Threshold: threshold, Sweep: metrics.Sweep(truth, probabilities, metrics.Thresholds())}
		flags.Best = metrics.BestPoint(flags.Sweep)
		flags.AtDefault = metrics.Sweep(truth, probabilities, []float64{DefaultThreshold})[0]
		head.count(all(len(o.Records)))
		if labelled > 0 {
			flags.F1 = head.f1()
			heads = append(heads, head)
		}
		for output, c := range head.counts {
			flags.Outputs = append(flags.Outputs, Output{LabelScore{task.Labels[output], c.counts().Score()}, c.labelled(), c.confusion()})
		}
		calibration := metrics.Calibrate(probabilities, yes, metrics.DefaultBins)
		r.Heads = append(r.Heads, Head{Name: task.Name, Records: labelled, Flags: flags, Calibration: calibration})
	}
	return flagMeasure(heads)
}

// said reports whether an output with that probability is yes.
func said(p float32, threshold float64) bool { return float64(p) > threshold }

func newAnswer(truth, said bool) answer {
	var a answer
	if truth {
		a |= truthBit
	}
	if said {
		a |= saidBit
	}
	return a
}

// flagMeasure computes avg_f1, criteria_f1 and each head's f1.
func flagMeasure(heads []flagHead) measure {
	names := []string{"avg_f1", "criteria_f1"}
	for _, h := range heads {
		names = append(names, "f1_"+h.name)
	}
	values := make([]float64, len(names))
	var criteria []float64
	return measure{names, func(index []int) []float64 {
		criteria = criteria[:0]
		for i, h := range heads {
			h.count(index)
			values[2+i] = h.f1()
			for _, c := range h.counts {
				if c.labelled() > 0 {
					criteria = append(criteria, c.counts().F1())
				}
			}
		}
		values[0], values[1] = average(values[2:]), average(criteria)
		return values
	}}
}

func (h flagHead) count(index []int) {
	clear(h.counts)
	for _, i := range index {
		for output, a := range h.answers[i*h.width : (i+1)*h.width] {
			h.counts[output][a]++
		}
	}
}

// f1 equals [metrics.MultilabelF1] with Micro; NaN if there are no labels.
func (h flagHead) f1() float64 {
	var pooled answers
	for _, c := range h.counts {
		for kind, count := range c {
			pooled[kind] += count
		}
	}
	switch {
	case pooled.labelled() == 0:
		return math.NaN()
	case h.width == 1:
		return pooled.confusion().Accuracy()
	}
	return pooled.counts().F1()
}
