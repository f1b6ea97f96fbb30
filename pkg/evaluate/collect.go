package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// partBatches is how many batches of calls are read at a time, which bounds the logits in
// memory.
const partBatches = 8

// collect runs a model on a set's texts, longest first so that batches need little padding,
// and returns its outputs for each task, in the set's order, and the number of texts whose
// ends weren't read.
func (e *evaluation) collect(ctx context.Context, m *loaded, set datasets.Set, texts []datasets.Transcript) (outputs []report.Outputs, truncated int, err error) {
	outputs = make([]report.Outputs, len(set.Tasks))
	for t, task := range set.Tasks {
		outputs[t] = report.Outputs{Task: task, Heads: make([]report.HeadOutputs, len(task.Heads))}
		for _, ex := range set.Examples {
			outputs[t].Records = append(outputs[t].Records, ex.Record)
		}
		if task.Paired() && !e.IndependentHeads {
			outputs[t].Answers = make([][]int, len(set.Examples))
		}
		for h := range task.Heads {
			outputs[t].Heads[h].Truth = make([][]int, len(set.Examples))
			outputs[t].Heads[h].Probabilities = make([][]float32, len(set.Examples))
		}
	}
	order := make([]int, len(set.Examples))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(set.Examples[b].IDs), len(set.Examples[a].IDs)) })
	bar := e.bar(m.dir, len(order))
	defer bar.Finish()
	done := 0
	for part := range slices.Chunk(order, partBatches*e.BatchSize) {
		said, err := e.ask(ctx, m, set, part, texts)
		if err != nil {
			return nil, 0, err
		}
		for i, at := range part {
			if said[i][0].Truncated {
				truncated++
			}
			for t, l := range said[i] {
				put(&outputs[t], at, l, set.Examples[at].Labels[t], m.calibration)
				if e.Calibrate {
					e.gathered.add(set.Tasks[t], set.Examples[at].Record, l, set.Examples[at].Labels[t])
				}
			}
		}
		done += len(part)
		bar.Set(int64(done), int64(len(order)), "")
	}
	return outputs, truncated, nil
}

// ask returns the model's logits of examples of a set: [part][tasks of the set].
func (e *evaluation) ask(ctx context.Context, m *loaded, set datasets.Set, part []int, all []datasets.Transcript) ([][]fusion.Logits, error) {
	o := e.predictOptions()
	o.Tasks = tasks.Names(set.Tasks)
	texts := make([]datasets.Transcript, len(part))
	for i, at := range part {
		texts[i] = all[at]
	}
	said, err := m.predictor.Logits(ctx, texts, o)
	var about *fusion.TextError
	switch {
	case errors.As(err, &about):
		return nil, fmt.Errorf("record %d: %w", set.Examples[part[about.Text-1]].Record, about.Err)
	case err != nil:
		return nil, err
	}
	chosen, err := tasks.Select(m.Tasks, o.Tasks) // the order of the logits
	if err != nil {
		return nil, err
	}
	names := tasks.Names(chosen)
	for i, logits := range said {
		said[i] = make([]fusion.Logits, len(set.Tasks))
		for t, task := range set.Tasks {
			said[i][t] = logits[slices.Index(names, task.Name)]
		}
	}
	return said, nil
}
