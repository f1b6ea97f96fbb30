package annotations

import (
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// Unit is what a span's offsets count.
type Unit string

// The units.
const (
	UnitAuto        Unit = "auto"         // decided by the texts, see [Convert]
	UnitCodePoint   Unit = "codepoint"    // Unicode code points, as Python
	UnitUTF16       Unit = "utf16"        // UTF-16 units, as JavaScript, Java and C#
	UnitByte        Unit = "byte"         // bytes of UTF-8, as Go and Rust
	UnitGrapheme    Unit = "grapheme"     // what a reader takes for a character; \r\n is one
	UnitCodePointLF Unit = "codepoint-lf" // code points of a text in which \r\n is \n
	UnitUTF16LF     Unit = "utf16-lf"     // UTF-16 units of such a text
)

// Units lists the units, without auto.
func Units() []Unit {
	return []Unit{UnitCodePoint, UnitUTF16, UnitByte, UnitGrapheme, UnitCodePointLF, UnitUTF16LF}
}

func (u Unit) check() error {
	if slices.Contains(Units(), u) {
		return nil
	}
	return badOptions("offset unit %q; want %s, or %v", u, UnitAuto, Units())
}

// places returns the number of units before each code point of a text and after the last
// one, or nil if these are the numbers of code points.
func (u Unit) places(text []rune) []int {
	switch u {
	case UnitUTF16:
		return datasets.UTF16Places(text)
	case UnitByte:
		return datasets.BytePlaces(text)
	case UnitCodePointLF:
		return datasets.LinePlaces(text, -1)
	case UnitUTF16LF:
		return utf16LinePlaces(text)
	case UnitGrapheme:
		return graphemePlaces(text)
	}
	return nil
}

// utf16LinePlaces counts \r\n as one unit.
func utf16LinePlaces(text []rune) []int {
	wide, lines := datasets.UTF16Places(text), datasets.LinePlaces(text, -1)
	switch {
	case wide == nil:
		return lines
	case lines == nil:
		return wide
	}
	places := make([]int, len(wide))
	for i := range places {
		places[i] = wide[i] + lines[i] - i
	}
	return places
}

// graphemePlaces counts a cluster at its first code point.
func graphemePlaces(text []rune) []int {
	places, at, differs := make([]int, len(text)+1), 0, false
	rest, state := string(text), -1
	for n := 1; rest != ""; n++ {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		for range []rune(cluster) {
			at++
			places[at] = n
			differs = differs || n != at
		}
	}
	if !differs {
		return nil
	}
	return places
}

// isPlain reports whether all units count a text in the same way.
func isPlain(text string) bool {
	return !strings.ContainsRune(text, '\r') && strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0
}

// toCodePoints converts a span; an end that is inside a character, or outside the text,
// becomes -1.
func toCodePoints(places []int, length int, e Span) Span {
	e.Start, e.End = codePoint(places, length, e.Start), codePoint(places, length, e.End)
	return e
}

func codePoint(places []int, length, offset int) int {
	if places == nil {
		if offset < 0 || offset > length {
			return -1
		}
		return offset
	}
	i, found := slices.BinarySearch(places, offset)
	if !found {
		return -1
	}
	for i+1 < len(places) && places[i+1] == offset { // the later part of a cluster
		i++
	}
	return i
}

// fromCodePoints converts a span into another unit, and reports whether it can be
// converted back.
func fromCodePoints(places []int, e Span) (Span, bool) {
	if places == nil {
		return e, true
	}
	out := Span{Start: places[e.Start], End: places[e.End], Label: e.Label}
	return out, toCodePoints(places, len(places)-1, out) == e
}

// sameSurface compares a span's text with the one in the file. Tools write line breaks
// in it as blanks or as \n, and may shorten blanks.
func sameSurface(a, b string) bool { return a == b || plainSurface(a) == plainSurface(b) }

func plainSurface(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(`\r`, " ", `\n`, " ", `\t`, " ").Replace(text)), " ")
}
