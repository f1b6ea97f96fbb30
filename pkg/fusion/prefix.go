package fusion

import (
	"strings"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// slack is how many tokens in front of a cut are not trusted: an added token
// that the cut divides is read as other tokens there. It is also more than a
// word has.
const slack = 256

// encodeUpTo encodes as much of a text as its first enough tokens need, so that
// a text which is longer than the model reads costs no more than its beginning.
// Those tokens, and the words that they belong to, are the whole text's. whole
// says that nothing was left out.
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

// cutAt returns the first place after size bytes at which a text can be divided
// without dividing a word, or the text's length.
func cutAt(text string, size int) int {
	if size >= len(text) {
		return len(text)
	}
	if i := strings.IndexAny(text[size:], boundaries); i >= 0 {
		return size + i
	}
	return len(text)
}
