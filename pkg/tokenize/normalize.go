package tokenize

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// char is a normalised character and its code points in the text.
type char struct {
	r          rune
	start, end int32
	class      class
	combining  uint8
}

// normalizer is BERT's normalisation, which comes before splitting into words.
type normalizer struct {
	keepControls bool // keep control characters and U+FFFD
	keepChinese  bool // don't surround CJK ideographs with spaces
	stripAccents bool
	lowerCase    bool
}

// buffers are the working memory of [normalizer.run].
type buffers struct {
	chars, decomposed []char
	one, parts        []byte // a character and its decomposition, in UTF-8
}

// run normalises text, whose first code point has the index first. The result is valid
// until the next call with b. It also returns the number of code points in text.
func (n *normalizer) run(b *buffers, text string, first int) (chars []char, length int) {
	chars = b.chars[:0]
	ascii := true
	at := int32(first)
	for _, r := range text {
		class, combining := classOf(r)
		if class&space != 0 && !n.keepControls {
			r = ' '
		}
		c := char{r, at, at + 1, class, combining}
		at++
		if r < utf8.RuneSelf {
			if class&control != 0 && !n.keepControls {
				continue
			}
			if n.lowerCase {
				c.r = toLower(r)
			}
			chars = append(chars, c)
			continue
		}
		ascii = false
		switch {
		case class&control != 0 && !n.keepControls:
		case class&cjk != 0 && !n.keepChinese:
			apart := char{' ', c.start, c.end, space, 0}
			chars = append(chars, apart, c, apart)
		default:
			chars = append(chars, c)
		}
	}
	b.chars = chars
	if !ascii {
		if n.stripAccents {
			chars = b.strip(chars)
		}
		if n.lowerCase {
			chars = lower(chars)
		}
	}
	return chars, int(at) - first
}

// strip decomposes chars canonically and drops the non-spacing marks.
//
// Hugging Face assigns the spans after sorting the marks: a part of a decomposed
// character has the span of the last character consumed. This only shows if marks change
// places, and is reproduced here.
func (b *buffers) strip(chars []char) []char {
	out := b.decomposed[:0]
	for _, c := range chars {
		out = b.decompose(out, c)
	}
	for start := 0; start < len(out); {
		end := start
		for end < len(out) && out[end].combining != 0 {
			end++
		}
		slices.SortStableFunc(out[start:end], func(a, b char) int { return cmp.Compare(a.combining, b.combining) })
		start = end + 1
	}
	kept := out[:0]
	consumed := 0
	for _, c := range out {
		if c.start != inserted {
			consumed++
		}
		if c.class&mark != 0 {
			continue
		}
		from := chars[max(consumed-1, 0)]
		c.start, c.end = from.start, from.end
		kept = append(kept, c)
	}
	b.decomposed = out[:0]
	return kept
}

// inserted marks every part but the first of a decomposed character.
const inserted = -1

// decompose appends c's canonical decomposition to out.
func (b *buffers) decompose(out []char, c char) []char {
	if c.r < utf8.RuneSelf || c.class&entire != 0 {
		return append(out, c)
	}
	b.one = utf8.AppendRune(b.one[:0], c.r)
	b.parts = norm.NFD.Append(b.parts[:0], b.one...)
	if bytes.Equal(b.parts, b.one) {
		return append(out, c)
	}
	for i, r := range string(b.parts) {
		class, combining := classOf(r)
		part := char{r, c.start, c.end, class, combining}
		if i > 0 {
			part.start = inserted
		}
		out = append(out, part)
	}
	return out
}

// lower converts chars to lower case, in place if possible. Class and combining class of
// a letter are those of its lower case.
func lower(chars []char) []char {
	for i, c := range chars {
		if c.r == 'İ' {
			return lowerDotted(chars, i)
		}
		chars[i].r = toLower(c.r)
	}
	return chars
}

// lowerDotted is [lower] from a dotted capital I on, which becomes two characters.
func lowerDotted(chars []char, from int) []char {
	out := slices.Clone(chars[:from])
	for _, c := range chars[from:] {
		dotted := c.r == 'İ'
		c.r = toLower(c.r)
		out = append(out, c)
		if dotted {
			c.r = '\u0307'
			out = append(out, c)
		}
	}
	return out
}
