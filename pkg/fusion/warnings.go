package fusion

import "slices"

// Warning says why the answers to a text are less certain than their probabilities say: it
// is unlike the texts that the model learnt from.
type Warning struct {
	Kind    string  `json:"kind"`             // UnknownWords or LongerThanLearnt
	Share   float64 `json:"share,omitzero"`   // of the text's words that the vocabulary has no sub-words of
	Tokens  int     `json:"tokens,omitzero"`  // of the text, as far as it was read
	Longest int     `json:"longest,omitzero"` // tokens of the longest text in training
}

// Kinds of warnings.
const (
	UnknownWords     = "unknown_words"
	LongerThanLearnt = "longer_than_learnt"
)

// manyUnknown is the share of unknown words from which there is a warning.
const manyUnknown = 0.05

// warnings returns those about the text, as far as it was read.
func (c *call) warnings() []Warning {
	tokens := len(c.enc.IDs)
	if c.truncated() {
		tokens = c.way.most
	}
	var list []Warning
	if share := c.unknownWords(tokens - 1); share >= manyUnknown {
		list = append(list, Warning{Kind: UnknownWords, Share: share})
	}
	if c.learnt > 0 && tokens > c.learnt {
		list = append(list, Warning{Kind: LongerThanLearnt, Tokens: tokens, Longest: c.learnt})
	}
	return list
}

// unknownWords returns the share of words that are [UNK] among the first tokens.
func (c *call) unknownWords(tokens int) float64 {
	list, unknown := words(c.enc), 0
	if after := slices.IndexFunc(list, func(w word) bool { return w.first >= tokens }); after >= 0 {
		list = list[:after]
	}
	for _, w := range list {
		if c.enc.IDs[w.first] == c.unknown {
			unknown++
		}
	}
	return float64(unknown) / float64(max(len(list), 1))
}
