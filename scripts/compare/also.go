package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/report"
)

// elsewhere begins the keys of figures on the calls of --also.
const elsewhere = "elsewhere: "

// perCall is the name of the number of entities that a model finds in a call.
const perCall = "ner entities per call"

// scoreElsewhere adds the figures on the calls of --also, from which no model has learnt.
func (c *compare) scoreElsewhere(ctx context.Context, dirs []string, r *result) error {
	if c.Also == "" {
		return nil
	}
	model, err := c.evaluate(ctx, dirs, inFolder(c.Also, callFiles()...))
	if err != nil {
		return err
	}
	r.addHeadlines(elsewhere, model.Reports, func(string) bool { return true })
	for _, rep := range model.Reports {
		if rep.Entities == nil {
			continue
		}
		for key, value := range foundElsewhere(*rep.Entities, rep.Records) {
			r.Figures[elsewhere+key] = figureValue{Value: value}
		}
	}
	return nil
}

// foundElsewhere are the entities found per call, and the precision of each label that was.
func foundElsewhere(e report.Entities, records int) map[string]float64 {
	figures := map[string]float64{perCall: float64(e.Micro.Predicted) / float64(records)}
	for _, label := range e.PerLabel {
		if label.Predicted > 0 {
			figures[precisionOf(label.Label)] = label.Precision
		}
	}
	return figures
}

func precisionOf(label string) string { return "ner precision " + label }

// detailsElsewhere are the rows of the table on the calls of --also.
func detailsElsewhere(s summary) []detail {
	var list []detail
	for _, c := range columns() {
		list = append(list, detail{elsewhere + c.figure, elsewhere + c.title})
	}
	list = append(list, detail{elsewhere + "ner entity_precision", elsewhere + "precision of entities"}, detail{elsewhere + perCall, elsewhere + "entities per call"})
	labels := map[string]bool{}
	for _, r := range s.Recipes {
		for key := range r.Details {
			if label, found := strings.CutPrefix(key, elsewhere+precisionOf("")); found {
				labels[label] = true
			}
		}
	}
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, detail{elsewhere + precisionOf(label), elsewhere + "precision of " + label})
	}
	return list
}

// callFiles are the names of the files with calls in a folder.
func callFiles() []string { return []string{"ner.jsonl", "cases.json", "qa.json"} }
