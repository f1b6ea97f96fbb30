package datasets

import (
	"math/rand/v2"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Loader cuts a set's examples into batches, as PyTorch's DataLoader does.
type Loader struct {
	Tasks     []tasks.Task
	Examples  []Example
	BatchSize int // 1 or more
	Collator  Collator
}

// Batches returns the number of batches of all examples; the last may be smaller.
func (l Loader) Batches() int { return (len(l.Examples) + l.BatchSize - 1) / l.BatchSize }

// Slot is a batch that hasn't been collated yet.
type Slot struct {
	loader  Loader
	indices []int
}

// Batch collates the slot's examples.
func (s Slot) Batch() Batch {
	examples := make([]Example, len(s.indices))
	for i, index := range s.indices {
		examples[i] = s.loader.Examples[index]
	}
	return s.loader.Collator.Collate(s.loader.Tasks, examples)
}

// Ordered returns the batches in the examples' order, for validation.
func (l Loader) Ordered() []Slot {
	order := make([]int, len(l.Examples))
	for i := range order {
		order[i] = i
	}
	return l.cut(order)
}

func (l Loader) cut(order []int) []Slot {
	var slots []Slot
	for start := 0; start < len(order); start += l.BatchSize {
		slots = append(slots, Slot{l, order[start:min(start+l.BatchSize, len(order))]})
	}
	return slots
}

// Name joins the names of the loader's tasks.
func (l Loader) Name() string { return strings.Join(tasks.Names(l.Tasks), "+") }

// Alternate is task alternation: every loader's examples are shuffled and cut
// into batches, and the batches of all loaders shuffled into one list. The
// same seed gives the same list.
func Alternate(loaders []Loader, sampling Sampling, seed uint64) []Slot {
	rng := rand.New(rand.NewPCG(seed, 0))
	var all []Slot
	for i, n := range sampling.Batches(loaders) {
		l := loaders[i]
		var slots []Slot
		for len(slots) < n {
			slots = append(slots, l.cut(rng.Perm(len(l.Examples)))...)
		}
		all = append(all, slots[:n]...)
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
