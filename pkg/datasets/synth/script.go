package synth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// script accumulates a transcript's text. Spans are recorded while the text is written,
// so they are exact by construction.
type script struct {
	text     strings.Builder
	runes    int
	pieces   int // estimated word pieces of the text
	entities []datasets.Entity
	capital  bool // the next letter starts a sentence
	last     rune
}

// write appends text; a lower-case letter at the start of a sentence is capitalised.
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

// sentence starts a sentence within a turn.
func (s *script) sentence() {
	if s.last != 0 && !unicode.IsSpace(s.last) {
		s.write(" ")
	}
	s.capital = true
}

// stop ends a sentence that has no punctuation mark.
func (s *script) stop() {
	if !strings.ContainsRune(".?!—…", s.last) {
		s.write(".")
	}
}

func (s *script) transcript() datasets.Transcript { return datasets.Transcript(s.text.String()) }

// guessPieces estimates the number of word pieces of a text for a vocabulary that isn't
// built from it: punctuation marks are separate, and a word has one piece per letters
// letters, rounded up. letters is about 9 for everyday English, and 3 for names.
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
