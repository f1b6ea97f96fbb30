package datasets

import (
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// AlignEntities returns for each token of enc the id of its word's label, or
// tasks.IgnoreToken. A word has the label of the entity that covers most of it, the
// earlier one of a tie; a span that covers a part of a word therefore labels the whole
// word. Only a word's first sub-word gets the label unless allSubwords is set. Special
// tokens are always ignored.
func AlignEntities(enc tokenize.Encoding, entities []Entity, idOf map[string]int64, allSubwords bool) []int64 {
	outside := idOf[tasks.OutsideLabel]
	return align(enc, entities, allSubwords, func(entity int, _ bool) int64 {
		if entity < 0 {
			return outside
		}
		return idOf[entities[entity].Label]
	})
}

// alignTags is [AlignEntities] for a head whose labels are tags: the first word of an
// entity has the id, in [tasks.Head.TrueLabels], of its B- tag, the others that of its
// I- tag. idOf maps the entities' labels to the ids of the B- tags.
func alignTags(enc tokenize.Encoding, entities []Entity, idOf map[string]int64, allSubwords bool) []int64 {
	return align(enc, entities, allSubwords, func(entity int, first bool) int64 {
		switch {
		case entity < 0:
			return 0
		case first:
			return idOf[entities[entity].Label]
		}
		return idOf[entities[entity].Label] + 1
	})
}

// align labels the words of enc. labelOf returns the label of a word of an entity, which
// may be the entity's first; -1 for none.
func align(enc tokenize.Encoding, entities []Entity, allSubwords bool, labelOf func(entity int, first bool) int64) []int64 {
	labels := make([]int64, len(enc.IDs))
	before := -1
	for first := 0; first < len(labels); {
		if enc.Words[first] < 0 {
			labels[first] = tasks.IgnoreToken
			first++
			continue
		}
		end := first + 1
		for end < len(labels) && enc.Words[end] == enc.Words[first] {
			end++
		}
		entity := wordEntity(enc.Offsets[first].Start, enc.Offsets[end-1].End, entities)
		label := labelOf(entity, entity != before)
		before = entity
		labels[first] = label
		for i := first + 1; i < end; i++ {
			if labels[i] = tasks.IgnoreToken; allSubwords {
				labels[i] = label
			}
		}
		first = end
	}
	return labels
}

// wordEntity returns the index of the entity that covers most of the word [start, end),
// -1 if none does.
func wordEntity(start, end int, entities []Entity) int {
	most, best := 0, -1
	for i, e := range entities {
		if shared := min(end, e.End) - max(start, e.Start); shared > most {
			most, best = shared, i
		}
	}
	return best
}
