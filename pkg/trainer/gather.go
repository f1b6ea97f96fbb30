package trainer

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// outcome is what the model makes of a batch, or of a rank's share of it, for each
// of its tasks. That of an empty share has no element.
type outcome struct {
	Losses    []mean    // of nothing if there is no label
	Predicted [][][]int // of each head
}

// outcomes are a rank's, of the batches of a loader.
type outcomes struct {
	Stopped bool // the rank was told to stop
	List    []outcome
}

// gather returns all ranks' outcomes, by rank. If one was told to stop all stop.
func (t *Trainer) gather(mine outcomes) ([]outcomes, error) {
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(mine); err != nil {
		return nil, fmt.Errorf("tell the other ranks: %w", err)
	}
	parts, err := t.Ranks.Gather(data.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]outcomes, len(parts))
	for rank, part := range parts {
		if err := gob.NewDecoder(bytes.NewReader(part)).Decode(&all[rank]); err != nil {
			return nil, fmt.Errorf("read what rank %d says: %w", rank, err)
		}
		if all[rank].Stopped {
			if t.halt != nil {
				t.halt()
			}
			return nil, context.Canceled
		}
	}
	return all, nil
}

// merged puts the outcomes of a batch's shares, by rank, together. places are the
// shares' examples.
func merged(b datasets.Batch, list []tasks.Task, places [][]int, shares []outcome) outcome {
	all := outcome{Losses: make([]mean, len(list)), Predicted: make([][][]int, len(list))}
	for t, task := range list {
		all.Predicted[t] = make([][]int, len(task.Heads))
		for rank, share := range shares {
			if len(share.Losses) == 0 {
				continue
			}
			if loss := share.Losses[t]; loss.Count > 0 {
				all.Losses[t] = mean{all.Losses[t].Sum + loss.Sum, 1}
			}
			for h, predicted := range share.Predicted[t] {
				width := len(predicted) / len(places[rank])
				whole := width
				if task.Kind == tasks.Token { // the share's examples may be shorter
					whole = b.Length
				}
				if all.Predicted[t][h] == nil {
					all.Predicted[t][h] = make([]int, b.Size*whole)
				}
				for row, place := range places[rank] {
					copy(all.Predicted[t][h][place*whole:], predicted[row*width:(row+1)*width])
				}
			}
		}
	}
	return all
}
