package trainer

import (
	"context"
	"math"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// share is a part of a batch that a rank passes through the model at once.
type share struct {
	rank   int
	places []int // of its examples in the batch, in ascending order; none if the batch has too few
}

// shares divides a batch among all ranks, [Settings].AccumulationSteps parts for each, and
// each part into groups of at most [Settings].BatchTokens tokens. All ranks get the same
// list. Ranks alternate, since the first parts of a batch may have one example more than the
// others.
func (t *Trainer) shares(ref datasets.BatchRef) (list []share) {
	ranks := 1
	if t.ranks != nil {
		ranks = t.ranks.Size()
	}
	for i, places := range ref.Places(t.settings.AccumulationSteps * ranks) {
		for _, group := range ref.Groups(places, t.settings.BatchTokens) {
			list = append(list, share{i % ranks, group})
		}
	}
	return list
}

// mine are the shares of this rank.
func (t *Trainer) mine(all []share) []share {
	if t.ranks == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s share) bool { return s.rank != t.ranks.Rank() })
}

// parts collates this rank's shares of a batch, and the whole batch.
func (t *Trainer) parts(ref datasets.BatchRef) (parts []datasets.Batch, whole datasets.Batch) {
	whole = ref.Batch()
	all := t.shares(ref)
	if len(all) == 1 && t.ranks == nil {
		return []datasets.Batch{whole}, whole
	}
	for _, s := range t.mine(all) {
		b := ref.Part(s.places)
		setDenominators(t.objective, &b, whole)
		parts = append(parts, b)
	}
	return parts, whole
}

// passes returns the parts of all batches of a step, one batch after the other, and the
// whole batches.
func (t *Trainer) passes(refs []datasets.BatchRef) (passes, whole []datasets.Batch) {
	for _, ref := range refs {
		parts, b := t.parts(ref)
		passes, whole = append(passes, parts...), append(whole, b)
	}
	return passes, whole
}

// sumGradients sums the gradients and losses over passes, one batch or part of a batch
// each, and over all ranks. It also exchanges whether a rank was asked to stop.
func (t *Trainer) sumGradients(ctx context.Context, passes []datasets.Batch) ([]TaskLoss, error) {
	notes := newNotes(tasksOf(passes))
	var sum func(notes []float64) error
	begin := func() (err error) {
		sum, err = t.ranks.BeginSum(t.objective.BackwardOrder(), t.settings.CompressGradients)
		return err
	}
	for i, b := range passes {
		// Gradients are complete only after the last backward pass.
		if t.ranks != nil && i == len(passes)-1 && !t.reachesAgain(b) {
			if err := begin(); err != nil {
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
		if sum == nil {
			if err := begin(); err != nil {
				return nil, err
			}
		}
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

// reachesAgain reports whether a batch's backward pass reaches parameters more than once: a
// call that is too long for one pass of the encoder is read in several
// ([fusion.Model.SetBatchTokens]).
func (t *Trainer) reachesAgain(b datasets.Batch) bool {
	m, ok := t.objective.(multitask)
	if !ok {
		return false
	}
	model, ok := m.Model.(interface{ Passes(b datasets.Batch) int })
	return ok && model.Passes(b) > 1
}

// notesOfTask is how many numbers encode a task's losses.
const notesOfTask = 10

// lossNotes are the losses of a step, encoded as numbers that can be summed over its
// passes and over ranks. The first number is above 0 if a rank was asked to stop; those of
// each task follow.
type lossNotes struct {
	tasks   []string
	numbers []float64
}

// newNotes returns empty notes for tasks.
func newNotes(tasks []string) lossNotes {
	return lossNotes{tasks: tasks, numbers: make([]float64, 1+notesOfTask*len(tasks))}
}

// add adds the losses of a pass.
func (n lossNotes) add(losses []TaskLoss) {
	for _, loss := range losses {
		if i := slices.Index(n.tasks, loss.Task); i >= 0 {
			loss.note(n.numbers[1+notesOfTask*i:])
		}
	}
}

// losses decodes the sums; tasks without any loss are left out.
func (n lossNotes) losses() []TaskLoss {
	var losses []TaskLoss
	for i, task := range n.tasks {
		if note := n.numbers[1+notesOfTask*i:]; note[0] > 0 {
			losses = append(losses, noted(task, note))
		}
	}
	return losses
}

// note adds the losses to notes: each follows the number of times it was present.
func (l TaskLoss) note(notes []float64) {
	for i, value := range []float64{l.Total, l.Hard, l.Soft, l.Hidden, l.Taught} {
		if i == 0 || !math.IsNaN(value) {
			notes[2*i]++
			notes[2*i+1] += value
		}
	}
}

// noted decodes the output of note.
func noted(task string, notes []float64) TaskLoss {
	value := func(i int) float64 {
		if notes[i] == 0 {
			return math.NaN()
		}
		return notes[i+1]
	}
	return TaskLoss{task, value(0), value(2), value(4), value(6), value(8)}
}
