package report

import (
	"slices"

	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Entities has the scores of whole entities: first word, last word and label must be
// correct.
type Entities struct {
	Micro    metrics.Score `json:"micro"`     // over all labels
	PerLabel []LabelScore  `json:"per_label"` // by class id, without tasks.OutsideLabel
}

// tokenRecord is one record's contribution to the figures.
type tokenRecord struct {
	entities metrics.Counts
	words    []metrics.Counts // by class; the last one is unknown labels
}

func (r *Report) addToken(o Outputs) (measure, error) {
	head, outputs := o.Task.Heads[0], o.Heads[0]
	labels := newTokenLabels(head)
	width := len(labels.names)
	var words []choice
	records := make([]tokenRecord, len(o.Records))
	truth, said := make([][]tasks.Span, len(o.Records)), make([][]tasks.Span, len(o.Records))
	labelled := 0
	for i, classes := range outputs.Truth {
		record := tokenRecord{words: make([]metrics.Counts, width+1)}
		var chosen []choice
		chosen, truth[i], said[i] = labels.read(classes, outputs.Probabilities[i])
		for _, c := range chosen {
			record.words[c.truth].Actual++
			record.words[c.predicted].Predicted++
			if c.truth == c.predicted {
				record.words[c.truth].Hits++
			}
		}
		words = append(words, chosen...)
		if len(classes) > 0 {
			labelled++
		}
		record.entities = metrics.CountSpans(truth[i], said[i])
		records[i] = record
	}
	classes, err := newClasses(labels.names, words)
	if err != nil {
		return measure{}, err
	}
	r.Heads = []Head{{Name: head.Name, Records: labelled, Classes: classes, Calibration: calibrate(words)}}
	r.Entities = newEntities(classes.Labels, metrics.EntitySpans(truth, said))
	return tokenMeasure(records, width+1), nil
}

// tokenLabels are the labels of a token head. If they are tags, words are scored by the
// name of their entity, and entities by the tags.
type tokenLabels struct {
	names             []string     // names by which words are scored; the labels themselves if they aren't tags
	said, truth       []string     // labels of the head and of the truth, by class
	saidName          []int        // index in names of each label in said
	truthName         []int        // the same for truth
	saidAs, writtenAs tasks.Scheme // tag schemes of said and truth
}

func newTokenLabels(head tasks.Head) tokenLabels {
	l := tokenLabels{said: head.Labels, truth: head.TrueLabels()}
	l.saidAs, l.writtenAs = tasks.SchemeOf(l.said), tasks.SchemeOf(l.truth)
	l.names = l.saidAs.Names(l.said)
	for _, label := range l.said {
		l.saidName = append(l.saidName, slices.Index(l.names, l.saidAs.Name(label)))
	}
	for _, label := range l.truth {
		name := slices.Index(l.names, l.writtenAs.Name(label))
		if name < 0 { // O, which the model never predicts
			name = len(l.names)
		}
		l.truthName = append(l.truthName, name)
	}
	return l
}

// read returns the name chosen for each of a record's words, and the true and the
// predicted entities. classes are the true ones; the one after the last is a label that
// the model doesn't know.
func (l tokenLabels) read(classes []int, probabilities []float32) (words []choice, truth, said []tasks.Span) {
	width := len(l.said)
	written, chosen := make([]string, len(classes)), make([]string, len(classes))
	for word, class := range classes {
		row := probabilities[word*width : (word+1)*width]
		best := choose(class, row).predicted
		written[word], chosen[word] = labelName(l.truth, class), l.said[best]
		c := choice{truth: len(l.names), predicted: l.saidName[best]}
		if class < len(l.truth) {
			c.truth = l.truthName[class]
		}
		for i, p := range row {
			if l.saidName[i] == c.predicted {
				c.confidence = min(c.confidence+p, 1)
			}
		}
		words = append(words, c)
	}
	return words, l.writtenAs.Spans(written), l.saidAs.Spans(chosen)
}

func newEntities(labels []string, report metrics.EntityReport) *Entities {
	e := &Entities{Micro: report.Micro, PerLabel: []LabelScore{}}
	for _, label := range labels {
		if label != tasks.OutsideLabel {
			e.PerLabel = append(e.PerLabel, LabelScore{label, report.PerLabel[label]})
		}
	}
	return e
}

func tokenMeasure(records []tokenRecord, classes int) measure {
	names := []string{"entity_f1", "entity_precision", "entity_recall", "token_accuracy", "token_macro_f1", "token_weighted_f1"}
	words := make([]metrics.Counts, classes)
	values := make([]float64, len(names))
	return measure{names, func(index []int) []float64 {
		clear(words)
		var entities metrics.Counts
		for _, i := range index {
			entities = entities.Add(records[i].entities)
			for class, c := range records[i].words {
				words[class] = words[class].Add(c)
			}
		}
		values[0], values[1], values[2] = entities.F1(), entities.Precision(), entities.Recall()
		values[3], values[4] = accuracyAndMacroF1(words)
		values[5] = metrics.Weighted.Of(words, metrics.Counts.F1)
		return values
	}}
}
