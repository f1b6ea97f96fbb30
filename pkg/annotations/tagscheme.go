package annotations

// TagScheme is how the entities of words are written as tags.
type TagScheme string

// The schemes.
const (
	IOB2  TagScheme = "iob2"  // B- begins an entity, I- continues it
	IOB1  TagScheme = "iob1"  // B- only behind an entity with the same label, otherwise I-
	BILOU TagScheme = "bilou" // L- ends an entity, U- is one of a single word
)

func (t TagScheme) check() error {
	switch t {
	case "", IOB2, IOB1, BILOU:
		return nil
	}
	return badOptions("tag scheme %q; want %s, %s or %s", string(t), IOB2, IOB1, BILOU)
}
