package synth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// script collects a transcript's text. Spans are noted while the text is
// written, so that they are exact by construction.
type script struct {
	text     strings.Builder
	runes    int
	pieces   int // guess of how many word pieces the text makes
	entities []datasets.Entity
	capital  bool // the next letter begins a sentence
	last     rune
}

// write appends text; a lower-case letter that begins a sentence is raised.
func (s *script) write(text string) {
	if text == "" {
		return
	}
	if first, size := utf8.DecodeRuneInString(text); s.capital && unicode.IsLetter(first) {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	s.text.WriteString(text)
	s.runes += utf8.RuneCountInString(text)
	s.pieces += guessPieces(text, 9)
	for _, r := range text {
		switch {
		case strings.ContainsRune(".?!", r):
			s.capital = true
		case !unicode.IsSpace(r):
			s.capital = false
		}
		s.last = r
	}
}

// mark writes text as an entity.
func (s *script) mark(label, text string) {
	start := s.runes
	s.write(text)
	s.pieces += guessPieces(text, 3) - guessPieces(text, 9)
	s.entities = append(s.entities, datasets.Entity{Start: start, End: s.runes, Label: label})
}

// sentence opens the room for a sentence within a turn.
func (s *script) sentence() {
	if s.last != 0 && !unicode.IsSpace(s.last) {
		s.write(" ")
	}
	s.capital = true
}

// stop closes a sentence that has no mark of its own.
func (s *script) stop() {
	if !strings.ContainsRune(".?!—…", s.last) {
		s.write(".")
	}
}

func (s *script) transcript() datasets.Transcript { return datasets.Transcript(s.text.String()) }

// guessPieces guesses how many word pieces a text makes where the vocabulary
// isn't made from it: marks stand alone, and a word takes one piece for each
// begun number of letters. It is about 9 in everyday English, and 3 in names.
func guessPieces(text string, letters int) int {
	n, inside := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			if inside%letters == 0 {
				n++
			}
			inside++
		default:
			if !unicode.IsSpace(r) {
				n++
			}
			inside = 0
		}
	}
	return n
}
