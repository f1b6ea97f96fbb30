package datasets

import (
	"cmp"
	"slices"
)

// Share collates a rank's share of the examples; see [BatchRef.Places]. It may
// be empty. The batch knows of what it is a share.
func (s BatchRef) Share(rank, size int) Batch {
	whole := s.Batch()
	places := s.Places(size)[rank]
	indices := make([]int, len(places))
	for i, place := range places {
		indices[i] = s.indices[place]
	}
	b := BatchRef{s.loader, indices}.Batch()
	b.Whole = &whole
	for p := range b.Parts {
		for h := range b.Parts[p].Targets {
			b.Parts[p].Targets[h].Whole = &whole.Parts[p].Targets[h]
		}
	}
	return b
}

// Places says which of the examples are each rank's, of size ranks, in
// ascending order. Each has the same number, or one more, and about as many
// tokens: a step ends with the slowest rank. So the examples are dealt out by
// length, the longest first, to and fro.
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

// All is the batch of which b is a share, or else b.
func (b *Batch) All() *Batch {
	if b.Whole != nil {
		return b.Whole
	}
	return b
}

// All is the target of which t is a share, or else t.
func (t *Target) All() *Target {
	if t.Whole != nil {
		return t.Whole
	}
	return t
}
