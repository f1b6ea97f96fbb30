package tokenize

import "strings"

// Blank reports whether a text has only white space and what BERT's normalisation drops:
// control characters, zero-width ones and others without a glyph. No tokenizer makes a token
// of it, unless one of its added tokens is such a character.
func Blank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		class, _ := classOf(r)
		return class&(space|control) == 0
	})
}
