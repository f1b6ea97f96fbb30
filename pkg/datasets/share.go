package datasets

import (
	"cmp"
	"slices"
)

// Share collates a rank's share of the examples; see [BatchRef.Places]. It may be empty.
// Its denominators aren't set: they are those of the whole batch.
func (s BatchRef) Share(rank, size int) Batch {
	places := s.Places(size)[rank]
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
	byLength := make([]int, len(s.indices))
	for place := range byLength {
		byLength[place] = place
	}
	slices.SortStableFunc(byLength, func(a, b int) int { return cmp.Compare(s.length(b), s.length(a)) })
	places := make([][]int, size)
	for i, place := range byLength {
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

// length is an example's, in tokens.
func (s BatchRef) length(place int) int { return len(s.loader.Examples[s.indices[place]].IDs) }
