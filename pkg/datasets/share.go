package datasets

import (
	"cmp"
	"slices"
)

// Share collates a rank's share of the examples; see [BatchRef.Places]. It may be empty.
// Its denominators aren't set: they are those of the whole batch.
func (s BatchRef) Share(rank, size int) Batch {
	return s.Part(s.Places(size)[rank])
}

// Part collates the examples at those places of the batch. Its denominators aren't set.
func (s BatchRef) Part(places []int) Batch {
	indices := make([]int, len(places))
	for i, place := range places {
		indices[i] = s.indices[place]
	}
	return BatchRef{s.loader, indices, s.seed}.Batch()
}

// Places returns the examples of each rank, of size ranks, in ascending order. All have
// the same number, or one more, and about as many tokens, since a step takes as long as
// its slowest rank. So the examples are dealt out by length, longest first, back and
// forth.
func (s BatchRef) Places(size int) [][]int {
	all := make([]int, len(s.indices))
	for place := range all {
		all[place] = place
	}
	places := make([][]int, size)
	for i, place := range s.longestFirst(all) {
		rank := i % size
		if i/size%2 == 1 {
			rank = size - 1 - rank
		}
		places[rank] = append(places[rank], place)
	}
	for _, list := range places {
		slices.Sort(list)
	}
	return places
}

// Groups divides the examples at some places into groups of at most limit tokens, with
// those of padding and of all windows, or of a single example. A group is of similar lengths,
// the longest first, and its places are in ascending order. Without a limit, 0, or without
// places there is one group.
func (s BatchRef) Groups(places []int, limit int) [][]int {
	if limit == 0 || len(places) == 0 {
		return [][]int{places}
	}
	var groups [][]int
	for left := s.longestFirst(places); len(left) > 0; {
		n := min(len(left), max(1, limit/s.tokens(left[0])))
		group := slices.Clone(left[:n])
		slices.Sort(group)
		groups = append(groups, group)
		left = left[n:]
	}
	return groups
}

// longestFirst returns places sorted by their examples' lengths.
func (s BatchRef) longestFirst(places []int) []int {
	sorted := slices.Clone(places)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(s.tokens(b), s.tokens(a)) })
	return sorted
}

// tokens are those that the encoder reads of an example.
func (s BatchRef) tokens(place int) int {
	return CutsOf(s.loader.Windows, s.loader.Examples[s.indices[place]].IDs).Tokens()
}
