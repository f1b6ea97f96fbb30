package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/report"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// collect runs a model on a set, the longest examples first so that batches
// need little padding, and returns what it says of each task in the set's order.
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
		if err := e.read(m, collator.Collate(set.Tasks, examples), batch, outputs); err != nil {
			return nil, err
		}
		done += len(batch)
		bar.Set(int64(done), int64(len(order)), "")
	}
	return outputs, nil
}

// read runs the model on a batch, whose examples stand at index in outputs.
func (e *evaluation) read(m *loaded, b datasets.Batch, index []int, outputs []report.Outputs) (err error) {
	s, err := m.Inference(e.precision())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	hidden, mask := m.Hidden(s, b)
	for t, part := range b.Parts {
		all := m.Logits(s, part.Task, hidden, mask)
		if outputs[t].Answers != nil {
			for i, answer := range heads.Answers(s, outputs[t].Task, all) {
				outputs[t].Answers[index[i]] = answer
			}
		}
		for h, logits := range all {
			p := fusion.Rows(s, probabilities(s, outputs[t].Task.Kind, logits), b.Size)
			raw := fusion.Rows(s, logits, b.Size)
			if s.Err() != nil {
				return nil // Close returns it
			}
			for i, at := range index {
				if !fusion.Finite(raw[i]) {
					return fmt.Errorf("task %s: record %d: %w", part.Task, b.Records[i], fusion.ErrNotFinite)
				}
				out := &outputs[t].Heads[h]
				out.Truth[at], out.Probabilities[at] = labelled(outputs[t].Task, h, part.Targets[h], i, b.Size, p[i])
			}
		}
	}
	return nil
}

func probabilities(s *torchx.Scope, kind tasks.Kind, logits *ts.Tensor) *ts.Tensor {
	if kind == tasks.MultiLabel {
		return s.Sigmoid(logits)
	}
	return s.Softmax(logits, -1)
}

// labelled gives the truth of example i of a batch, of the words that have one
// in a token task, and the probabilities that belong to it.
func labelled(task tasks.Task, h int, target datasets.Target, i, size int, p []float32) (truth []int, kept []float32) {
	labels := len(task.Heads[h].Labels)
	if task.Kind == tasks.MultiLabel {
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
