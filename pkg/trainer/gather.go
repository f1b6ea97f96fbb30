package trainer

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// outcome is the model's output for a batch, or for a rank's share of it, by task. It
// has no elements for an empty share.
type outcome struct {
	Losses    []mean    // zero value if there are no labels
	Predicted [][][]int // by head: the most likely class, or 0 or 1 for each flag
	Answers   [][][]int // by head, for tasks with dependent heads: the class consistent with the other heads; otherwise nil
}

// outcomes are a rank's outcomes for the batches of a loader.
type outcomes struct {
	Stopped bool // the rank was asked to stop
	List    []outcome
}

// gather returns the outcomes of all ranks, by rank. If one was asked to stop, all stop.
func (t *Trainer) gather(mine outcomes) ([]outcomes, error) {
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(mine); err != nil {
		return nil, fmt.Errorf("tell the other ranks: %w", err)
	}
	parts, err := t.ranks.Gather(data.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]outcomes, len(parts))
	for rank, part := range parts {
		if err := gob.NewDecoder(bytes.NewReader(part)).Decode(&all[rank]); err != nil {
			return nil, fmt.Errorf("read what rank %d says: %w", rank, err)
		}
		if all[rank].Stopped {
			t.stopAll = true
			return nil, context.Canceled
		}
	}
	return all, nil
}

// merged combines the outcomes of a batch's shares.
func merged(b datasets.Batch, list []tasks.Task, shares []share, outs []outcome) outcome {
	all := outcome{Losses: make([]mean, len(list)), Predicted: make([][][]int, len(list)), Answers: make([][][]int, len(list))}
	for t, task := range list {
		all.Predicted[t] = make([][]int, len(task.Heads))
		if task.Paired() {
			all.Answers[t] = make([][]int, len(task.Heads))
		}
		for i, out := range outs {
			if len(out.Losses) == 0 {
				continue
			}
			if loss := out.Losses[t]; loss.Count > 0 {
				all.Losses[t] = mean{all.Losses[t].Sum + loss.Sum, 1}
			}
			place := placing{task: task, b: b, places: shares[i].places}
			place.all(all.Predicted[t], out.Predicted[t])
			place.all(all.Answers[t], out.Answers[t])
		}
	}
	return all
}

// placing copies a share's outputs for a task to the positions of its examples in the
// batch.
type placing struct {
	task   tasks.Task
	b      datasets.Batch
	places []int
}

func (p placing) all(whole, share [][]int) {
	for h, said := range share {
		width := len(said) / len(p.places)
		row := width
		if p.task.PerToken() { // the share's examples may be shorter
			row = p.b.Length
		}
		if whole[h] == nil {
			whole[h] = make([]int, p.b.Size*row)
		}
		for i, place := range p.places {
			copy(whole[h][place*row:], said[i*width:(i+1)*width])
		}
	}
}
