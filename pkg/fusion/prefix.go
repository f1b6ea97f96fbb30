package fusion

import (
	"strings"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// slack is the number of tokens before a cut that are discarded: an added token divided
// by the cut is tokenized differently there. It is also more than the tokens of a word.
const slack = 256

// encodeUpTo encodes as much of a text as its first enough tokens require, so that a
// text longer than the model's limit costs no more than its beginning. Those tokens, and
// the words that they belong to, are the same as in the whole text. whole reports
// whether the whole text was encoded.
func encodeUpTo(text string, tok *tokenize.Tokenizer, enough int) (enc tokenize.Encoding, whole bool) {
	for size := 8 * (enough + slack); ; size *= 2 {
		end := cutAt(text, size)
		if end == len(text) {
			return tok.Encode(text), true
		}
		enc = tok.Encode(text[:end])
		if len(enc.IDs) > enough+slack+2 {
			return enc.Truncate(enough + slack), false
		}
	}
}

// boundaries are characters that are never part of a longer word.
const boundaries = " \t\n\r!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// cutAt returns the first position after size bytes at which a text can be split without
// splitting a word, or the text's length.
func cutAt(text string, size int) int {
	if size >= len(text) {
		return len(text)
	}
	if i := strings.IndexAny(text[size:], boundaries); i >= 0 {
		return size + i
	}
	return len(text)
}
