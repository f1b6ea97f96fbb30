package tokenize

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// class is a set of properties of a code point, as defined by Hugging Face.
type class uint8

const (
	control class = 1 << iota // dropped when cleaning
	space                     // ends a word
	punct                     // is a separate word
	mark                      // dropped when stripping accents
	cjk                       // surrounded by spaces
	entire                    // not decomposed, regardless of newer Unicode versions
)

// charRange assigns a class and a canonical combining class to the code points lo to hi.
type charRange struct {
	lo, hi    rune
	class     class
	combining uint8
}

// lowerShift means that lo to hi are converted to lower case by adding shift.
type lowerShift struct{ lo, hi, shift rune }

// wordRange is the code points lo to hi.
type wordRange struct{ lo, hi rune }

// isWord reports whether r is part of a word for added tokens with single_word: a
// letter, mark, digit, connecting punctuation mark or joiner.
func isWord(r rune) bool {
	_, found := slices.BinarySearchFunc(wordRanges, r, func(w wordRange, r rune) int { return side(w.lo, w.hi, r) })
	return found
}

// side compares the code points lo to hi with r: -1 below, 1 above, 0 if they include
// it.
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

// classOf returns r's class and canonical combining class.
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

// toLower returns r's lower case; for U+0130, the only one whose lower case is two code
// points, the first of them.
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
