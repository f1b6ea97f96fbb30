package annotations

import (
	"strings"
	"unicode"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// word is a piece of a text, [start, end) in code points.
type word struct{ start, end int }

// wordsOf splits a text at blanks, around punctuation marks that aren't inside a word,
// and where a span begins or ends.
func wordsOf(text []rune, spans []Span) []word {
	border := make([]bool, len(text)+1)
	for _, e := range spans {
		border[e.Start], border[e.End] = true, true
	}
	var list []word
	open := false
	for i, r := range text {
		switch mark := (unicode.IsPunct(r) || unicode.IsSymbol(r)) && !joins(text, i); {
		case unicode.IsSpace(r):
			open = false
		case !open || mark || border[i]:
			list = append(list, word{i, i + 1})
			open = !mark
		default:
			list[len(list)-1].end = i + 1
		}
	}
	return list
}

// joins reports whether a mark is inside a word, as in you're, 10.30 and so-called.
func joins(text []rune, i int) bool {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return strings.ContainsRune("'’-_.@", text[i]) && i > 0 && i+1 < len(text) && inWord(text[i-1]) && inWord(text[i+1])
}

// tagsOf returns the tags of words that [wordsOf] has split at the same spans.
func tagsOf(words []word, spans []Span, scheme TagScheme) []string {
	tags := make([]string, len(words))
	for i := range tags {
		tags[i] = tasks.OutsideLabel
	}
	last := -1 // the entity of the word before
	at := 0
	for n, e := range spans {
		for at < len(words) && words[at].start < e.Start {
			at++
		}
		begin := at
		for at < len(words) && words[at].end <= e.End {
			at++
		}
		for i := begin; i < at; i++ {
			tags[i] = letter(scheme, i == begin, i == at-1, i > 0 && tags[i-1] != tasks.OutsideLabel && last >= 0 && spans[last].Label == e.Label) + "-" + e.Label
		}
		if at > begin {
			last = n
		}
	}
	return tags
}

// letter is the tag's letter of an entity's word. beside says that an entity with the
// same label ends just before.
func letter(scheme TagScheme, first, last, beside bool) string {
	switch {
	case scheme == BILOU && first && last:
		return "U"
	case scheme == BILOU && last:
		return "L"
	case first && (scheme != IOB1 || beside):
		return "B"
	}
	return "I"
}

// entitiesOf joins words by their tags, in any of the schemes; see [tasks.Scheme.Spans].
func entitiesOf(words []word, tags []string) ([]Span, error) {
	scheme := tasks.AnyTags()
	for i, tag := range tags {
		if name := scheme.Name(tag); name == "" || name == "-" || len(tag) == 2 && tag[1] == '-' {
			return nil, bad(datasets.KindLabel, "word %d: a tag without a label", i+1)
		}
	}
	var spans []Span
	for _, e := range scheme.Spans(tags) {
		spans = append(spans, Span{Start: words[e.Start].start, End: words[e.End-1].end, Label: e.Label})
	}
	return spans, nil
}

// losesBlanks reports what words lose of spans: blanks at their ends. A span of blanks
// only can't be written.
func losesBlanks(text []rune, spans []Span) ([]string, error) {
	var lost []string
	for i, e := range spans {
		inside := string(text[e.Start:e.End])
		switch trimmed := strings.TrimSpace(inside); {
		case trimmed == "":
			return nil, bad(datasets.KindReversed, "entity %d: span [%d, %d) holds only blanks", i+1, e.Start, e.End)
		case trimmed != inside:
			lost = append(lost, "blanks at the ends of entities")
		}
		if strings.ContainsFunc(e.Label, unicode.IsSpace) {
			return nil, bad(datasets.KindLabel, "entity %d: label %s has blanks, which tags can't; rename it with --map", i+1, datasets.ShowLabel(e.Label))
		}
		if e.Label == tasks.OutsideLabel {
			return nil, bad(datasets.KindLabel, "entity %d: label %q is the tag of words outside entities; rename it with --map", i+1, e.Label)
		}
	}
	return lost, nil
}
