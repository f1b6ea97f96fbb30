package datasets

import "math/rand/v2"

// MixedSteps returns the number of steps of an epoch of [Mix]: ⌈Σn / batch size⌉, where
// the batch size, of all sets together, is the first loader's.
func MixedSteps(loaders []Loader) int {
	if len(loaders) == 0 {
		return 0
	}
	total := 0
	for _, l := range loaders {
		total += len(l.Examples)
	}
	size := loaders[0].batchSize()
	return (total + size - 1) / size
}

// Mix divides an epoch's examples into steps that each have some of every loader: its
// shuffled examples are dealt out evenly, each once. A step has one batch for each loader
// but those that have fewer examples than there are steps, which are missing in some.
// With a batch size of at least the number of loaders, no step is empty. The same seed
// gives the same steps.
func Mix(loaders []Loader, seed uint64) [][]BatchRef {
	rng := rand.New(rand.NewPCG(seed, 0))
	steps := make([][]BatchRef, MixedSteps(loaders))
	for _, l := range loaders {
		order := rng.Perm(len(l.Examples))
		for i := range steps {
			first, end := i*len(order)/len(steps), (i+1)*len(order)/len(steps)
			if end > first {
				steps[i] = append(steps[i], BatchRef{l, order[first:end], seed})
			}
		}
	}
	return steps
}
