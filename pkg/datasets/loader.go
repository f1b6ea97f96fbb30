package datasets

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Loader splits a set's examples into batches, like PyTorch's DataLoader.
type Loader struct {
	Tasks     []tasks.Task
	Examples  []Example
	BatchSize int // less than 1: all examples are one batch
	Collator  Collator
}

// Batches returns the number of batches of all examples; the last may be smaller.
func (l Loader) Batches() int {
	size := l.batchSize()
	return (len(l.Examples) + size - 1) / size
}

func (l Loader) batchSize() int {
	if l.BatchSize < 1 {
		return max(1, len(l.Examples))
	}
	return l.BatchSize
}

// BatchRef is a batch that hasn't been collated yet.
type BatchRef struct {
	loader  Loader
	indices []int
}

// Batch collates its examples.
func (s BatchRef) Batch() Batch {
	examples := make([]Example, len(s.indices))
	for i, index := range s.indices {
		examples[i] = s.loader.Examples[index]
	}
	return s.loader.Collator.Collate(s.loader.Tasks, examples)
}

// Ordered returns the batches in the examples' order, for validation.
func (l Loader) Ordered() []BatchRef {
	order := make([]int, len(l.Examples))
	for i := range order {
		order[i] = i
	}
	return l.cut(order)
}

func (l Loader) cut(order []int) []BatchRef {
	var refs []BatchRef
	for indices := range slices.Chunk(order, l.batchSize()) {
		refs = append(refs, BatchRef{l, indices})
	}
	return refs
}

// Name joins the names of the loader's tasks.
func (l Loader) Name() string { return strings.Join(tasks.Names(l.Tasks), "+") }

// Alternate implements task alternation: every loader's examples are shuffled and split
// into batches, and the batches of all loaders are shuffled into one list. The same seed
// gives the same list.
func Alternate(loaders []Loader, sampling Sampling, seed uint64) []BatchRef {
	rng := rand.New(rand.NewPCG(seed, 0))
	var all []BatchRef
	for i, n := range sampling.Batches(loaders) {
		l := loaders[i]
		var refs []BatchRef
		for len(refs) < n {
			refs = append(refs, l.cut(rng.Perm(len(l.Examples)))...)
		}
		all = append(all, refs[:n]...)
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
