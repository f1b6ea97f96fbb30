package evaluate

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// redaction redacts the calls of a set with token tasks, as infer --redact does, and
// compares what is left with the labelled entities. Without such tasks it is nil.
func (e *evaluation) redaction(ctx context.Context, m *loaded, records datasets.Records, set datasets.Set, texts []datasets.Transcript) (*redact.Report, error) {
	if !e.Redact || !slices.ContainsFunc(set.Tasks, tasks.Task.PerToken) {
		return nil, nil
	}
	redactor, err := redact.New(redact.Options{Mode: redact.Label})
	if err != nil {
		return nil, err
	}
	o := e.predictOptions()
	o.Redact, o.Tasks = redactor, []string{set.Tasks[slices.IndexFunc(set.Tasks, tasks.Task.PerToken)].Name}
	predictions, err := m.predictor.Predict(ctx, texts, o)
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	var results []redact.Result
	var truth [][]redact.Span
	for i, p := range predictions {
		if p.Err != nil {
			return nil, fmt.Errorf("redact record %d: %w", set.Examples[i].Record, p.Err)
		}
		var spans []redact.Span
		for t := range records.Tasks {
			for _, one := range records.Entities(set.Examples[i].Record, t) {
				spans = append(spans, redact.Span{Label: one.Label, Start: one.Start, End: one.End})
			}
		}
		results, truth = append(results, *p.Redaction), append(truth, spans)
	}
	report := redact.Measure(results, truth)
	return &report, nil
}

// writeRedaction writes what redaction left, as a table in Markdown.
func writeRedaction(w io.Writer, r redact.Report) {
	fmt.Fprintf(w, "| label | entities | wholly replaced | by the model's entities alone | characters replaced |\n|---|---|---|---|---|\n")
	for _, row := range r.Labels {
		label := row.Label
		if label == "" {
			label = "all"
		}
		fmt.Fprintf(w, "| %s | %d | %.1f %% | %.1f %% | %.1f %% |\n", label, row.Entities, 100*row.Share(), 100*row.ShareByModel(), 100*row.ShareOfCharacters())
	}
	fmt.Fprintf(w, "\nCalls of which nothing labelled was left: %d of %d. Of the other characters, %.1f %% were replaced.\n", r.CallsCovered, r.Calls, 100*float64(r.OutsideReplaced)/float64(max(1, r.Outside)))
}
