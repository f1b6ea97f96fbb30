package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// collect runs a model on a set, longest examples first so that batches need little
// padding, and returns its outputs for each task, in the set's order.
func (e *evaluation) collect(ctx context.Context, m *loaded, set datasets.Set) ([]report.Outputs, error) {
	outputs := make([]report.Outputs, len(set.Tasks))
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
	slices.SortStableFunc(order, func(a, b int) int { return len(set.Examples[b].IDs) - len(set.Examples[a].IDs) })
	collator := datasets.Collator{PadID: int64(m.tok.PadID())}
	bar := e.bar(m.dir, len(order))
	defer bar.Finish()
	done := 0
	for batch := range slices.Chunk(order, e.BatchSize) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		examples := make([]datasets.Example, len(batch))
		for i, index := range batch {
			examples[i] = set.Examples[index]
		}
		if err := e.read(m, collator.Collate(set.Tasks, examples), set.Tasks, batch, outputs); err != nil {
			return nil, err
		}
		done += len(batch)
		bar.Set(int64(done), int64(len(order)), "")
	}
	return outputs, nil
}

// read runs the model on a batch, whose examples are at index in outputs.
func (e *evaluation) read(m *loaded, b datasets.Batch, list []tasks.Task, index []int, outputs []report.Outputs) error {
	said, err := m.Outputs(b, list, fusion.OutputOptions{Precision: e.precision(), Probabilities: true})
	if err != nil {
		return err
	}
	for t, out := range said {
		if outputs[t].Answers != nil {
			for i, at := range index {
				outputs[t].Answers[at] = out.Answer(i)
			}
		}
		for h, rows := range out.Logits {
			for i, at := range index {
				if !numbers.Finite(rows[i]...) {
					return fmt.Errorf("task %s: record %d: %w", out.Task.Name, b.Records[i], fusion.ErrNotFinite)
				}
				head := &outputs[t].Heads[h]
				head.Truth[at], head.Probabilities[at] = labelled(out.Task, h, b.Parts[t].Targets[h], i, b.Size, out.Probabilities[h][i])
			}
		}
	}
	return nil
}

// labelled returns the true classes of example i of a batch (in a token task, of its
// labelled words), and the corresponding probabilities.
func labelled(task tasks.Task, h int, target datasets.Target, i, size int, p []float32) (truth []int, kept []float32) {
	labels := len(task.Heads[h].Labels)
	if task.YesNo() {
		truth = make([]int, labels)
		for k := range truth {
			at := i*labels + k
			switch {
			case target.Ignored != nil && target.Ignored[at]:
				truth[k] = tasks.IgnoreClass
			case target.Flags[at] > 0.5:
				truth[k] = 1
			}
		}
		return truth, p
	}
	classes := target.Classes[i*len(target.Classes)/size : (i+1)*len(target.Classes)/size]
	for k, class := range classes {
		switch class {
		case tasks.IgnoreToken:
			continue
		case tasks.UnknownClass:
			class = int64(labels)
		}
		truth = append(truth, int(class))
		kept = append(kept, p[k*labels:(k+1)*labels]...)
	}
	return truth, kept
}
