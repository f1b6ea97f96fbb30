package redact

import (
	"slices"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// folded is a text in which different spellings of a word are equal: in lower case, without
// accents, with one form of apostrophe and hyphen, one space for each run of white space,
// and without invisible characters.
type folded struct {
	source []rune
	runes  []rune
	at     []int // the code point of source that each of runes comes from
}

func fold(text []rune) folded {
	f := folded{source: text, runes: make([]rune, 0, len(text)), at: make([]int, 0, len(text))}
	add := func(r rune, at int) { f.runes, f.at = append(f.runes, r), append(f.at, at) }
	for i, r := range text {
		switch {
		case r < 0x80 && r > ' ':
			add(unicode.ToLower(foldMark(r)), i)
		case unicode.IsSpace(r):
			if n := len(f.runes); n == 0 || f.runes[n-1] != ' ' {
				add(' ', i)
			}
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc):
		default:
			for _, part := range norm.NFKD.String(string(foldMark(r))) {
				if !unicode.In(part, unicode.Mn, unicode.Me) {
					add(unicode.ToLower(foldDigit(part)), i)
				}
			}
		}
	}
	return f
}

// foldMark maps apostrophes to ' and hyphens to -.
func foldMark(r rune) rune {
	switch r {
	case '’', '‘', 'ʼ', 'ʻ', '`', '´', '′':
		return '\''
	case '‐', '‑', '–':
		return '-'
	}
	return r
}

// foldDigit maps the digits of all scripts to 0 to 9.
func foldDigit(r rune) rune {
	if !unicode.IsDigit(r) {
		return r
	}
	for _, block := range unicode.Nd.R16 { // each has whole rows of ten digits
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	return r
}

// index returns the first folded rune that comes from code point at of the source or later.
func (f folded) index(at int) int { return sort.SearchInts(f.at, at) }

// code returns the code point of the source at which folded rune i begins. Invisible
// characters and accents belong to the rune before them.
func (f folded) code(i int) int {
	if i >= len(f.at) {
		return len(f.source)
	}
	return f.at[i]
}

// text returns folded runes a to b, without white space around them.
func (f folded) text(a, b int) string { return strings.TrimSpace(string(f.runes[a:b])) }

// isUpper reports whether folded rune i is a capital letter in the source.
func (f folded) isUpper(i int) bool { return i < len(f.at) && unicode.IsUpper(f.source[f.at[i]]) }

// hasUpper reports whether there is a capital letter among folded runes a to b.
func (f folded) hasUpper(a, b int) bool {
	for i := a; i < b; i++ {
		if f.isUpper(i) {
			return true
		}
	}
	return false
}

// inWord reports whether position i is between two letters or digits of one word.
func (f folded) inWord(i int) bool {
	return i > 0 && i < len(f.runes) && isWord(f.runes[i-1]) && isWord(f.runes[i])
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// wordEnd returns where the word that begins at i ends.
func (f folded) wordEnd(i int) int {
	for i < len(f.runes) && isWord(f.runes[i]) {
		i++
	}
	return i
}

// wordStart returns where the word that ends at i begins.
func (f folded) wordStart(i int) int {
	for i > 0 && isWord(f.runes[i-1]) {
		i--
	}
	return i
}

// farthest is how far a word with apostrophes or hyphens is followed, at least.
const farthest = 100

// widen extends a range to whole words. An apostrophe between letters is part of a word
// (Ng'ang'a), and so is a hyphen before a capital letter (Al-Amin).
func (f folded) widen(a, b int) (start, end int) {
	a, b = widenWord(f, a, b)
	first, last := a-farthest, b+farthest
	for b > a && b < last && b+1 < len(f.runes) && isWord(f.runes[b-1]) && isWord(f.runes[b+1]) {
		if f.runes[b] != '\'' && (f.runes[b] != '-' || !f.isUpper(b+1)) {
			break
		}
		b = f.wordEnd(b + 1)
	}
	for a > 1 && a > first && a < b && isWord(f.runes[a]) && isWord(f.runes[a-2]) {
		start := f.wordStart(a - 1)
		if f.runes[a-1] != '\'' && (f.runes[a-1] != '-' || !f.isUpper(start)) {
			break
		}
		a = start
	}
	return a, b
}

// trim drops what is neither letter nor digit at the ends of a range, and a possessive at
// its end. So ", Amina" is Amina, and her other mentions are found.
func (f folded) trim(a, b int) (start, end int) {
	for a < b && !isWord(f.runes[a]) {
		a++
	}
	for b > a && !isWord(f.runes[b-1]) {
		b--
	}
	if b-a > 3 && string(f.runes[b-2:b]) == "'s" {
		return a, b - 2
	}
	return a, b
}

// wordsOf splits a folded text into words; apostrophes are part of them.
func wordsOf(text string) []string {
	list := strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) && r != '\'' })
	for i, word := range list {
		list[i] = strings.Trim(word, "'")
	}
	return slices.DeleteFunc(list, func(word string) bool { return word == "" })
}
