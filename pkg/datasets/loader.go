package datasets

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// Loader splits a set's examples into batches, like PyTorch's DataLoader.
type Loader struct {
	Tasks     []tasks.Task
	Taught    []tasks.Task // for training: tasks that the examples have only teachers' targets of
	Examples  []Example
	BatchSize int // less than 1: all examples are one batch
	Collator  Collator
	Windows   Windows // in which the model reads long examples

	// Vary, if not nil, is what the model sees of an example in an epoch, of which seed
	// is a hash: other tokens are masked in each. It is a function of its arguments
	// alone, and keeps the example's length. Without an epoch, seed is 0.
	Vary func(ex Example, seed uint64) Example
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
	seed    uint64 // for Vary
}

// Batch collates its examples.
func (s BatchRef) Batch() Batch {
	examples := make([]Example, len(s.indices))
	for i, index := range s.indices {
		examples[i] = s.loader.Examples[index]
		if vary := s.loader.Vary; vary != nil {
			examples[i] = vary(examples[i], s.seed)
		}
	}
	b := s.loader.Collator.Collate(s.loader.Tasks, examples)
	b.teach(s.loader.Taught, examples)
	return b
}

// Ordered returns the batches in the examples' order, for validation.
func (l Loader) Ordered() []BatchRef {
	order := make([]int, len(l.Examples))
	for i := range order {
		order[i] = i
	}
	return l.cut(order, 0)
}

func (l Loader) cut(order []int, seed uint64) []BatchRef {
	var refs []BatchRef
	for indices := range slices.Chunk(order, l.batchSize()) {
		refs = append(refs, BatchRef{l, indices, seed})
	}
	return refs
}

// Unlabelled is the name of examples without any labels.
const Unlabelled = "unlabelled"

// Name joins the names of the loader's tasks, or is Unlabelled.
func (l Loader) Name() string { return cmp.Or(strings.Join(tasks.Names(l.Tasks), "+"), Unlabelled) }

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
			refs = append(refs, l.cut(rng.Perm(len(l.Examples)), seed)...)
		}
		all = append(all, refs[:n]...)
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
