package datasets

import "unicode"

// unspaced are the scripts without blanks between words: any position between two
// letters may be the end of a word.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan, unicode.Javanese, unicode.Balinese,
}

// insideWord reports whether the position before character i of a text is inside a word:
// between two letters, or two digits, or before a mark that belongs to the preceding
// letter. "5km" and "kuHarare" are two words, only one of which is labelled.
func insideWord(text []rune, i int) bool {
	if i <= 0 || i >= len(text) {
		return false
	}
	a, b := text[i-1], text[i]
	switch {
	case unicode.IsDigit(a) && unicode.IsDigit(b):
		return true
	case !unicode.IsLetter(a) && !unicode.IsMark(a):
		return false
	case unicode.IsMark(b):
		return true
	case !unicode.IsLetter(b), unicode.IsLower(a) && unicode.IsUpper(b):
		return false
	}
	return !unicode.In(a, unspaced...) && !unicode.In(b, unspaced...)
}

// isTelling reports whether a cut inside a word, before character i, indicates a
// mistake. In scripts without capitals, such as Arabic, Ethiopic and Hangul, particles
// are attached to names, and only the name is labelled.
func isTelling(text []rune, i int) bool {
	hasCase := func(r rune) bool { return unicode.ToUpper(r) != unicode.ToLower(r) }
	return hasCase(text[i-1]) || hasCase(text[i]) || unicode.IsDigit(text[i])
}

// oneLetterOutside reports whether the word that a span cuts at position i has exactly
// one more letter in the direction of step, -1 or 0 (the characters before or after i).
func oneLetterOutside(text []rune, i, step int) bool {
	if step < 0 {
		return !insideWord(text, i-1)
	}
	return !insideWord(text, i+1)
}

func isBlank(r rune) bool { return unicode.IsSpace(r) }
