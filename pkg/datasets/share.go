package datasets

// Share collates a rank's share of the slot's examples: of size ranks each has
// the same number, or one more. It may be empty. The batch knows of what it is a
// share.
func (s Slot) Share(rank, size int) Batch {
	whole := s.Batch()
	first, last := Bounds(len(s.indices), rank, size)
	b := Slot{s.loader, s.indices[first:last]}.Batch()
	b.Whole = &whole
	for p := range b.Parts {
		for h := range b.Parts[p].Targets {
			b.Parts[p].Targets[h].Whole = &whole.Parts[p].Targets[h]
		}
	}
	return b
}

// Bounds says which of n examples are a rank's: from first up to last.
func Bounds(n, rank, size int) (first, last int) {
	return n * rank / size, n * (rank + 1) / size
}

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
