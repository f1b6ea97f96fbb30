package tokenize

import (
	"fmt"
	"slices"
	"strings"
)

// WithSpeakers returns a tokenizer in which the labels of speakers, such as "Caller:", are
// single tokens, like transformers' add_tokens. They are found as they are written, in a
// lower-casing tokenizer in any case. Labels that aren't tokens of t get the next ids; t
// stays as it is.
func (t *Tokenizer) WithSpeakers(labels []string) (*Tokenizer, error) {
	o := t.options
	o.Added = slices.Clone(o.Added)
	for i, label := range labels {
		same := func(other string) bool {
			return other == label || o.LowerCase && strings.EqualFold(other, label)
		}
		switch {
		case slices.Contains(specialTokens[:], label):
			return nil, fmt.Errorf("speaker token %q is a special token of every model; leave it out", label)
		case slices.ContainsFunc(labels[:i], same):
			return nil, fmt.Errorf("speaker token %q is there twice, as this tokenizer reads it; leave one out", label)
		}
		o.Added = append(o.Added, AddedToken{Content: label, Normalized: o.LowerCase})
	}
	with, err := New(t.tokens[:t.vocabSize], o)
	if err != nil {
		return nil, fmt.Errorf("speaker tokens: %w", err)
	}
	return with, nil
}
