package datasets

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// offsetUnit is another unit or convention for a span's offsets, used by other programs.
type offsetUnit struct {
	name string
	// widths returns the number of units before each character and after the last one,
	// or nil if the text makes no difference.
	widths func(text []rune) []int
	// start, end: corrections of the offsets; used without widths.
	start, end int
}

// offsetUnits are the units to check for.
var offsetUnits = []offsetUnit{
	{name: "UTF-16 units (as JavaScript, Java and C# count)", widths: UTF16Places},
	{name: "bytes of UTF-8 (as Go, Rust and C count)", widths: BytePlaces},
	{name: `characters of a text whose \r\n are \n`, widths: func(text []rune) []int { return LinePlaces(text, -1) }},
	{name: `characters of a text whose \n are \r\n`, widths: func(text []rune) []int { return LinePlaces(text, +1) }},
	{name: "characters of a text without the blanks at its start", widths: trimmedPlaces},
	{name: "characters with the end at the last one, not behind it", end: 1},
	{name: "characters from 1", start: -1, end: -1},
	{name: "characters from 1 with the end at the last one", start: -1},
}

// placesBy accumulates units: width returns those of a character.
func placesBy(text []rune, width func(i int) int) []int {
	places, differs := make([]int, len(text)+1), false
	for i := range text {
		places[i+1] = places[i] + width(i)
		differs = differs || places[i+1] != i+1
	}
	if !differs {
		return nil
	}
	return places
}

// UTF16Places returns the number of UTF-16 units before each character of a text and
// after the last one, or nil if these are the numbers of code points.
func UTF16Places(text []rune) []int {
	return placesBy(text, func(i int) int { return utf16.RuneLen(text[i]) })
}

// BytePlaces returns the same for bytes of UTF-8.
func BytePlaces(text []rune) []int {
	return placesBy(text, func(i int) int { return utf8.RuneLen(text[i]) })
}

// LinePlaces returns the same for code points of a text in which each \r\n is \n (more is
// -1), or each \n is \r\n (more is +1).
func LinePlaces(text []rune, more int) []int {
	return placesBy(text, func(i int) int {
		pair := text[i] == '\n' && i > 0 && text[i-1] == '\r'
		switch {
		case pair && more < 0:
			return 0
		case text[i] == '\n' && !pair && more > 0:
			return 2
		}
		return 1
	})
}

// trimmedPlaces has no units for leading blanks.
func trimmedPlaces(text []rune) []int {
	blank := 0
	for blank < len(text) && isBlank(text[blank]) {
		blank++
	}
	return placesBy(text, func(i int) int {
		if i < blank {
			return 0
		}
		return 1
	})
}

// converted returns a record's spans, assumed to be in this unit, in code points. An
// offset inside a character becomes -1.
func (u offsetUnit) converted(text []rune, spans []Entity) []Entity {
	out := slices.Clone(spans)
	if u.widths == nil {
		for i := range out {
			out[i].Start += u.start
			out[i].End += u.end
		}
		return out
	}
	places := u.widths(text)
	if places == nil {
		return out
	}
	place := func(offset int) int {
		i, found := slices.BinarySearch(places, offset)
		if !found {
			return -1
		}
		for i+1 < len(places) && places[i+1] == offset { // after characters without width
			i++
		}
		return i
	}
	for i, e := range out {
		out[i].Start, out[i].End = place(e.Start), place(e.End)
	}
	return out
}

// otherUnit names the unit in which a span outside the text would be valid.
func otherUnit(text []rune, e Entity) string {
	for _, unit := range offsetUnits {
		if unit.widths == nil {
			continue
		}
		if spans := unit.converted(text, []Entity{e}); isInside(text, spans[0]) {
			return "; it is if it counts " + unit.name
		}
	}
	return ""
}
