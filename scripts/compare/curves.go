package main

import "github.com/trident-nlp/trident/pkg/trainer"

// point is a validation: how many epochs had passed, and a figure on the validation calls.
type point struct {
	Epochs float64 `json:"epochs"`
	Value  float64 `json:"value"`
}

// curves are a model's validation figures over its training, by the keys of the test figures.
func curves(h *trainer.History) map[string][]point {
	list := map[string][]point{}
	for _, e := range h.All {
		last := h.All[len(h.All)-1]
		epochs := float64(last.Epoch) * float64(e.Step) / float64(last.Step)
		for _, scores := range e.Val {
			for _, f := range scores.Report {
				if key := scores.Task + " " + f.Name; isColumn(key) {
					list[key] = append(list[key], point{epochs, f.Value})
				}
			}
		}
	}
	return list
}
