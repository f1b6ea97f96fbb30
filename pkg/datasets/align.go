package datasets

import (
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// AlignEntities gives each token of enc the id of its word's label, or
// tasks.IgnoreToken. A word has the label of the entity that covers most of
// it, the earlier one where two cover the same; a span that cuts a word
// therefore labels the whole word. Only a word's first sub-word carries the
// label unless allSubwords is set. Special tokens are always ignored.
func AlignEntities(enc tokenize.Encoding, entities []Entity, idOf map[string]int64, allSubwords bool) []int64 {
	labels := make([]int64, len(enc.IDs))
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
		label := wordLabel(enc.Offsets[first].Start, enc.Offsets[end-1].End, entities, idOf)
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

// wordLabel is the label id of the word [start, end).
func wordLabel(start, end int, entities []Entity, idOf map[string]int64) int64 {
	best, label := 0, int64(0)
	for _, e := range entities {
		if shared := min(end, e.End) - max(start, e.Start); shared > best {
			best, label = shared, idOf[e.Label]
		}
	}
	return label
}
