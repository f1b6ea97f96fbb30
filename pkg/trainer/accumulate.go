package trainer

import (
	"context"
	"math"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// parts returns what this rank takes of a batch, in [Settings].AccumulationSteps
// parts, and the whole batch. Alone, and with one part, it is the whole one. Parts of a
// small batch may be empty.
func (t *Trainer) parts(ref datasets.BatchRef) (parts []datasets.Batch, whole datasets.Batch) {
	steps := t.settings.AccumulationSteps
	if steps == 1 {
		b, whole := t.share(ref)
		return []datasets.Batch{b}, whole
	}
	whole = ref.Batch()
	rank, ranks := 0, 1
	if t.ranks != nil {
		rank, ranks = t.ranks.Rank(), t.ranks.Size()
	}
	for i := range steps {
		b := ref.Share(place(i, rank, ranks), steps*ranks)
		setDenominators(t.model, &b, whole)
		parts = append(parts, b)
	}
	return parts, whole
}

// place is which of all parts of a batch is a rank's i-th: not one rank's parts after another's,
// since of a small batch the first ones have an example more.
func place(i, rank, ranks int) int { return i*ranks + rank }

// sumGradients adds up the gradients and losses of a batch's parts and, with ranks, those
// of all ranks. It also tells all ranks whether one was told to stop.
func (t *Trainer) sumGradients(ctx context.Context, parts []datasets.Batch) ([]TaskLoss, error) {
	notes := newNotes(parts[0])
	var sum func(notes []float64) error
	for i, b := range parts {
		if t.ranks != nil && i == len(parts)-1 { // a parameter's gradient is whole only in the last backward pass
			var err error
			if sum, err = t.ranks.BeginSum(t.model.BackwardOrder(), t.settings.CompressGradients); err != nil {
				return nil, err
			}
		}
		losses, err := t.gradient(b)
		if err != nil {
			return nil, err
		}
		notes.add(losses)
	}
	if t.ranks != nil {
		if ctx.Err() != nil {
			notes.numbers[0] = 1
		}
		if err := sum(notes.numbers); err != nil {
			return nil, err
		}
		t.stopAll = t.stopAll || notes.numbers[0] > 0
	}
	return notes.losses(), nil
}

// notesOfTask is how many numbers tell of a task's losses.
const notesOfTask = 8

// lossNotes are the losses of a batch as numbers that can be added up, over its parts and
// over ranks: those of each task after one that isn't 0 where a rank was told to stop.
type lossNotes struct {
	tasks   []datasets.Part
	numbers []float64
}

// newNotes has room for the losses of a batch's tasks.
func newNotes(b datasets.Batch) lossNotes {
	return lossNotes{tasks: b.Parts, numbers: make([]float64, 1+notesOfTask*len(b.Parts))}
}

// add takes the losses of a part.
func (n lossNotes) add(losses []TaskLoss) {
	for _, loss := range losses {
		for i, part := range n.tasks {
			if part.Task == loss.Task {
				loss.note(n.numbers[1+notesOfTask*i:])
			}
		}
	}
}

// losses are the sums, of the tasks that have any.
func (n lossNotes) losses() []TaskLoss {
	var losses []TaskLoss
	for i, part := range n.tasks {
		if note := n.numbers[1+notesOfTask*i:]; note[0] > 0 {
			losses = append(losses, noted(part.Task, note))
		}
	}
	return losses
}

// note adds the losses to notes: each after how often it is there.
func (l TaskLoss) note(notes []float64) {
	for i, value := range []float64{l.Total, l.Hard, l.Soft, l.Hidden} {
		if i == 0 || !math.IsNaN(value) {
			notes[2*i]++
			notes[2*i+1] += value
		}
	}
}

// noted reads what note has written.
func noted(task string, notes []float64) TaskLoss {
	value := func(i int) float64 {
		if notes[i] == 0 {
			return math.NaN()
		}
		return notes[i+1]
	}
	return TaskLoss{task, value(0), value(2), value(4), value(6)}
}
