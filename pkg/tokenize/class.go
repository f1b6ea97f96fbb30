package tokenize

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// class is a set of a code point's properties, as Hugging Face sees them.
type class uint8

const (
	control class = 1 << iota // dropped when cleaning
	space                     // ends a word
	punct                     // is a word by itself
	mark                      // dropped with the accents
	cjk                       // set apart by spaces
	entire                    // not decomposed, whatever newer Unicode says
)

// charRange gives the code points lo to hi a class and a canonical combining class.
type charRange struct {
	lo, hi    rune
	class     class
	combining uint8
}

// lowerShift says that lo to hi become lower case by adding shift.
type lowerShift struct{ lo, hi, shift rune }

// wordRange is the code points lo to hi.
type wordRange struct{ lo, hi rune }

// isWord reports whether r is part of a word to an added token of single_word:
// a letter, mark, digit, connecting punctuation mark or joiner.
func isWord(r rune) bool {
	_, found := slices.BinarySearchFunc(wordRanges, r, func(w wordRange, r rune) int { return side(w.lo, w.hi, r) })
	return found
}

// side says where the code points lo to hi lie: -1 below r, 1 above it, 0 around it.
func side(lo, hi, r rune) int {
	switch {
	case hi < r:
		return -1
	case lo > r:
		return 1
	}
	return 0
}

// isSpace reports whether r ends a word.
func isSpace(r rune) bool {
	class, _ := classOf(r)
	return class&space != 0
}

// classOf returns r's class and its canonical combining class.
func classOf(r rune) (class, uint8) {
	if r < utf8.RuneSelf {
		return asciiClasses[r], 0
	}
	if r < charRanges[0].lo {
		return 0, 0
	}
	i, found := slices.BinarySearchFunc(charRanges, r, func(c charRange, r rune) int { return side(c.lo, c.hi, r) })
	if found {
		return charRanges[i].class, charRanges[i].combining
	}
	return 0, 0
}

// toLower returns r's lower case; of that of U+0130, the only one of two code
// points, it returns the first.
func toLower(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	for _, s := range lowerShifts {
		if s.lo <= r && r <= s.hi {
			return r + s.shift
		}
	}
	return unicode.ToLower(r)
}
