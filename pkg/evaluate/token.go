package evaluate

import (
	"github.com/trident-nlp/trident/pkg/metrics"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Entities scores whole entities: first word, last word and label must be right.
type Entities struct {
	Micro    metrics.Score `json:"micro"`     // all labels together
	PerLabel []LabelScore  `json:"per_label"` // by class id, without tasks.OutsideLabel
}

// tokenRecord is what one record adds to the figures.
type tokenRecord struct {
	entities metrics.Counts
	words    []metrics.Counts // by class; the last one is unknown labels
}

func (r *Report) addToken(o Outputs) (measure, error) {
	head, outputs := o.Task.Heads[0], o.Heads[0]
	width := len(head.Labels)
	var words []choice
	records := make([]tokenRecord, len(o.Records))
	truth, said := make([][]string, len(o.Records)), make([][]string, len(o.Records))
	labelled := 0
	for i, classes := range outputs.Truth {
		record := tokenRecord{words: make([]metrics.Counts, width+1)}
		for word, class := range classes {
			c := choose(class, outputs.Probabilities[i][word*width:(word+1)*width])
			words = append(words, c)
			truth[i] = append(truth[i], labelName(head.Labels, class))
			said[i] = append(said[i], head.Labels[c.predicted])
			record.words[class].Actual++
			record.words[c.predicted].Predicted++
			if class == c.predicted {
				record.words[class].Hits++
			}
		}
		if len(classes) > 0 {
			labelled++
		}
		record.entities = metrics.CountEntities(truth[i], said[i])
		records[i] = record
	}
	classes, err := newClasses(head.Labels, words)
	if err != nil {
		return measure{}, err
	}
	r.Heads = []Head{{Name: head.Name, Records: labelled, Classes: classes, Calibration: calibrate(words)}}
	r.Entities = newEntities(classes.Labels, metrics.Entities(truth, said))
	return tokenMeasure(records, width+1), nil
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
	names := []string{"entity_f1", "entity_precision", "entity_recall", "token_accuracy", "token_macro_f1"}
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
		return values
	}}
}
