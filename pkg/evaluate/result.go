package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Result contains the reports on all models, [Options.Model] first, in the layout of
// metrics.json.
type Result struct {
	Models     []ModelResult      `json:"models"`
	Comparison *report.Comparison `json:"comparison,omitempty"` // if there are several models

	// Calibration is that of the model, if [Options.Calibrate] asked for it.
	Calibration *calibrate.Calibration `json:"calibration,omitempty"`

	options    Options
	thresholds fusion.Thresholds // used for the reports
}

// ModelResult is the evaluation of a model, or of several that do the tasks together.
type ModelResult struct {
	Model         string           `json:"model"`
	Parameters    int64            `json:"parameters"`
	MillisPerCall float64          `json:"millis_per_call,omitempty"` // 0: not timed
	Scored        map[string]Scope `json:"scored"`                    // by task
	Reports       []report.Report  `json:"reports"`
	Outputs       []report.Outputs `json:"-"` // one per report
}

// Scope describes the records that were scored for a task.
type Scope struct {
	File    string `json:"file"`
	Records string `json:"records"`             // such as "all", "test records of models/qa/held_out_qa.csv"
	Dropped int    `json:"dropped_as_too_long"` // of these records

	Truncated int `json:"truncated,omitempty"` // of the scored records: their ends weren't read
}

// String describes the scope.
func (s Scope) String() string {
	text := s.Records + " in " + s.File
	if s.Records == "all" {
		text = "all records in " + s.File
	}
	if s.Dropped > 0 {
		text += fmt.Sprintf("; %s left out, longer than the model reads", numbers.Thousands(int64(s.Dropped)))
	}
	if s.Truncated > 0 {
		text += fmt.Sprintf("; the ends of %s weren't read", numbers.Thousands(int64(s.Truncated)))
	}
	return text
}

func (e *evaluation) result(ctx context.Context) (*Result, error) {
	r := &Result{options: e.Options, thresholds: e.thresholds}
	var rows []report.Model
	for _, c := range e.candidates {
		m := ModelResult{Model: c.name, Parameters: c.parameters, MillisPerCall: c.millis, Scored: c.scope, Outputs: c.outputs}
		for _, o := range c.outputs {
			made, err := report.New(ctx, o, e.reportOptions(o.Task.Name))
			if err != nil {
				return nil, fmt.Errorf("report on %s: %w", c.name, err)
			}
			m.Reports = append(m.Reports, made)
		}
		r.Models = append(r.Models, m)
		rows = append(rows, report.Model{Name: c.name, Parameters: c.parameters, MillisPerCall: c.millis, Reports: m.Reports})
	}
	if len(rows) > 1 {
		comparison, err := report.Compare(rows)
		if err != nil {
			return nil, err
		}
		r.Comparison = &comparison
	}
	return r, nil
}

// SeedNote says how much the models' scores vary with the training seed; "" if they have no
// built-in task.
func (r *Result) SeedNote() string {
	var list []tasks.Task
	for _, m := range r.Models {
		for _, o := range m.Outputs {
			if !slices.Contains(tasks.Names(list), o.Task.Name) {
				list = append(list, o.Task)
			}
		}
	}
	return report.SeedNote(list, r.options.Bootstrap > 0)
}

// BestThresholds returns the first model's best thresholds, in the form that infer and
// eval accept: for each head with yes/no outputs whose thresholds differ in F1.
func (r *Result) BestThresholds() fusion.Thresholds {
	best := fusion.Thresholds{}
	if len(r.Models) == 0 {
		return best
	}
	for _, made := range r.Models[0].Reports {
		for _, head := range made.Heads {
			if head.Flags == nil || head.Flags.Best.F1 == 0 { // all thresholds are equally good
				continue
			}
			if best[made.Task] == nil {
				best[made.Task] = map[string]float64{}
			}
			best[made.Task][head.Name] = head.Flags.Best.Threshold
		}
	}
	return best
}

// JSON returns the result as in metrics.json.
func (r *Result) JSON() ([]byte, error) { return indented(r) }

// indented returns indented JSON that doesn't escape "&".
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
