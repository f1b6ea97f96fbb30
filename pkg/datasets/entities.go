package datasets

// Entities returns the labelled entities of the record with that number, from 1, for task t
// of the source. It is nil for other tasks than token tasks, and for a record without them.
func (r Records) Entities(number, t int) []Entity {
	if !r.Usable(number) {
		return nil
	}
	return r.labels[number-1][t].spans
}
