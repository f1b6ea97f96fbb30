package datasets

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"
)

// placement counts how the spans of a file match the words of its texts.
type placement struct {
	spans   int
	outside int // of the text
	cut     int // begin or end inside a word
	likely  int // those of cut that no orthography explains
	blanks  int // begin or end with a blank
	slivers int // of cut, those that include only a letter or two of the word
	starts  cuts
	ends    cuts
	beside  int // misplaced: outside, cut, or with a blank at an end
	records int // with such spans
	ragged  int // misplaced, or with a non-word character at an end
	units   []unitFit
}

// cuts counts the ends of spans that are inside a word.
type cuts struct{ all, byOne int }

// unitFit counts how well spans match in another unit.
type unitFit struct {
	ragged   int // ragged spans in that unit; for units that depend on the text, in records with misplaced spans
	repaired int // records with misplaced spans that all match in that unit
}

// note adds a record's spans.
func (p *placement) note(text []rune, spans []Entity) {
	if len(spans) == 0 {
		return
	}
	if p.units == nil {
		p.units = make([]unitFit, len(offsetUnits))
	}
	wrong := 0
	for _, e := range spans {
		p.cuts(text, e)
		if !FitsWords(text, e) {
			wrong++
		}
		if isRagged(text, e) {
			p.ragged++
		}
	}
	p.spans += len(spans)
	p.beside += wrong
	if wrong > 0 {
		p.records++
	}
	for u, unit := range offsetUnits {
		if wrong == 0 && unit.widths != nil {
			continue // nothing to repair
		}
		converted, allFit := unit.converted(text, spans), true
		for _, e := range converted {
			allFit = allFit && FitsWords(text, e)
			if isRagged(text, e) {
				p.units[u].ragged++
			}
		}
		if wrong > 0 && allFit {
			p.units[u].repaired++
		}
	}
}

// cuts checks whether a word continues beyond either end of a span.
func (p *placement) cuts(text []rune, e Entity) {
	if !isInside(text, e) {
		p.outside++
		return
	}
	start, end := insideWord(text, e.Start), insideWord(text, e.End)
	if start {
		p.starts.all++
		if oneLetterOutside(text, e.Start, -1) {
			p.starts.byOne++
		}
	}
	if end {
		p.ends.all++
		if oneLetterOutside(text, e.End, 0) {
			p.ends.byOne++
		}
	}
	if start || end {
		p.cut++
	}
	if isBlank(text[e.Start]) || isBlank(text[e.End-1]) {
		p.blanks++
	}
	if start && isTelling(text, e.Start) && lettersFrom(text, e.Start, +1) <= sliver || end && isTelling(text, e.End) && lettersFrom(text, e.End, -1) <= sliver {
		p.slivers++
	}
	if start && isTelling(text, e.Start) || end && isTelling(text, e.End) {
		p.likely++
	}
}

// sliver is a number of letters too small for a name without its suffix or prefix.
const sliver = 2

// lettersFrom counts the characters of a word from a position inside it, forwards or
// backwards, up to sliver+1.
func lettersFrom(text []rune, place, step int) int {
	n := 1
	for i := place + step; n <= sliver && insideWord(text, i); i += step {
		n++
	}
	return n
}

func isInside(text []rune, e Entity) bool {
	return 0 <= e.Start && e.Start < e.End && e.End <= len(text)
}

// FitsWords reports whether a span consists of whole words, without blanks around them.
func FitsWords(text []rune, e Entity) bool {
	return isInside(text, e) && !insideWord(text, e.Start) && !insideWord(text, e.End) && !isBlank(text[e.Start]) && !isBlank(text[e.End-1])
}

// isRagged reports whether a span doesn't fit, or doesn't begin and end with a letter,
// digit or mark. Some names end with a full stop, but hardly all of them.
func isRagged(text []rune, e Entity) bool {
	isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) }
	return !FitsWords(text, e) || !isWord(text[e.Start]) || !isWord(text[e.End-1])
}

// mostCut is the share of cut spans up to which they are considered individual mistakes.
// If a record's spans are shifted, about nine in ten are cut: words have five letters on
// average, so four of six positions are inside one, and a span has two ends. A share of
// 1 in 20 thus means that one record in 18 is shifted.
const mostCut = 0.05

// warning describes what is wrong with the positions of spans, or returns "". If offsets
// in another unit would match, a single span is enough. Otherwise cut spans are reported
// from [mostCut] on, unless they are cut on one side only, at varying letters: in some
// languages names have a prefix or suffix that isn't labelled.
func (p *placement) warning() string {
	wrong := p.cut + p.outside
	if wrong == 0 && 2*p.beside < p.spans || p.beside == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d spans (%.3g %%) don't begin and end where words do", p.beside, p.spans, 100*float64(p.beside)/float64(p.spans))
	if unit := p.betterUnit(); unit != "" {
		return fmt.Sprintf("%s, but would if their offsets counted %s: see what start and end are in docs/data.md", text, unit)
	}
	switch {
	case p.isShifted():
	case float64(p.likely+p.outside) < mostCut*float64(p.spans), p.outside == 0 && p.areAffixes():
		return ""
	}
	return fmt.Sprintf("%s (%d begin and %d end inside one): are start and end those of this text?", text, p.starts.all, p.ends.all)
}

// isShifted reports patterns that no orthography explains: most spans are cut at both
// ends, or include only a letter or two of a word; nearly all words are cut in a script
// with capitals, as if names never stood alone; or there are as many spans with blanks
// as cut ones.
func (p *placement) isShifted() bool {
	return 2*p.starts.all > p.spans && 2*p.ends.all > p.spans || 2*p.slivers > p.spans ||
		20*p.likely >= 19*p.spans || 10*min(p.blanks, p.cut) >= p.spans
}

// areAffixes reports whether words are cut on one side only, mostly not at their start,
// and not nearly always one letter before their end.
func (p *placement) areAffixes() bool {
	less, more := p.starts, p.ends
	if less.all > more.all {
		less, more = more, less
	}
	return 100*less.all < p.spans && (2*p.starts.all <= p.spans || p.ends.all > p.starts.all) && 10*more.byOne < 9*more.all
}

// betterUnit returns the unit that repairs most spans. A unit that depends on the text
// must repair half of the records with a misplaced span. For the others, nine in ten
// spans must be ragged now, and at most one in ten then: a prefix or suffix of one
// letter, which some languages add to names, looks like an offset that is off by one,
// but not every name has one.
func (p *placement) betterUnit() string {
	better := make([]int, 0, len(offsetUnits))
	for u, unit := range offsetUnits {
		fit := p.units[u]
		if unit.widths != nil && 2*fit.repaired >= p.records || unit.widths == nil && 10*p.ragged >= 9*p.spans && 10*fit.ragged <= p.spans {
			better = append(better, u)
		}
	}
	if len(better) == 0 {
		return ""
	}
	return offsetUnits[slices.MinFunc(better, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.units[a].ragged, p.units[b].ragged), cmp.Compare(a, b))
	})].name
}
