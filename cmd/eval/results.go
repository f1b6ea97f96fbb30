package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/trident-nlp/trident/pkg/evaluate"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// results are the reports on all candidates, in metrics.json's layout.
type results struct {
	Models     []modelResult        `json:"models"`
	Comparison *evaluate.Comparison `json:"comparison,omitempty"` // of several models
	options    func(task string) evaluate.Options
}

type modelResult struct {
	Model         string            `json:"model"`
	Parameters    int64             `json:"parameters"`
	MillisPerCall float64           `json:"millis_per_call,omitempty"`
	Scored        map[string]scope  `json:"scored"` // by task
	Reports       []evaluate.Report `json:"reports"`
	outputs       []evaluate.Outputs
}

func (e *evaluation) results(ctx context.Context) (results, error) {
	r := results{options: e.options}
	var rows []evaluate.Model
	for _, c := range e.candidates {
		m := modelResult{Model: c.name, Parameters: c.parameters, MillisPerCall: c.millis, Scored: c.scope, outputs: c.outputs}
		for _, o := range c.outputs {
			report, err := evaluate.New(ctx, o, e.options(o.Task.Name))
			if err != nil {
				return r, fmt.Errorf("report on %s: %w", c.name, err)
			}
			m.Reports = append(m.Reports, report)
		}
		r.Models = append(r.Models, m)
		rows = append(rows, evaluate.Model{Name: c.name, Parameters: c.parameters, MillisPerCall: c.millis, Reports: m.Reports})
	}
	if len(rows) > 1 {
		comparison, err := evaluate.Compare(rows)
		if err != nil {
			return r, err
		}
		r.Comparison = &comparison
	}
	return r, nil
}

// thresholds are the first model's best ones, as infer and eval take them.
func (r results) thresholds() fusion.Thresholds {
	best := fusion.Thresholds{}
	for _, report := range r.Models[0].Reports {
		for _, head := range report.Heads {
			if head.Flags == nil || head.Flags.Best.F1 == 0 { // no threshold is better than another
				continue
			}
			if best[report.Task] == nil {
				best[report.Task] = map[string]float64{}
			}
			best[report.Task][head.Name] = head.Flags.Best.Threshold
		}
	}
	return best
}

func (r results) json() ([]byte, error) { return indented(r) }

// indented is JSON for reading, with labels' "&" as it is.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
