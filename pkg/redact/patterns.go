package redact

import (
	"regexp"
	"slices"
	"strings"
)

// pattern finds something in a folded text. If it has a group, that is what is found.
type pattern struct {
	label string
	needs string // characters of which a text has one where it is found; "": not known
	form  *regexp.Regexp
}

// The parts of patterns. digitWord is a digit that is spelt out, in English or Swahili;
// month a month's name in either.
const (
	digits    = "0123456789"
	gap       = `[ .,()-]{0,3}`
	digitWord = `(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|sifuri|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa)`
	month     = `(?:jan(?:uary|uari)?|feb(?:ruary|ruari)?|mar(?:ch)?|machi|apr(?:il|ili)?|may|mei|june?|juni|july?|julai|aug(?:ust)?|agosti|sept?(?:ember|emba)?|oct(?:ober)?|oktoba|nov(?:ember|emba)?|dec(?:ember)?|desemba)`
	day       = `\d{1,2}(?:st|nd|rd|th)?`
)

// patterns are in the order of precedence: where several overlap, the first one's label
// holds for all of it.
var patterns = []pattern{
	{EmailLabel, "@", regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)},
	{EmailLabel, "", regexp.MustCompile(`[\pL\pN._-]+ (?:at|@) (?:gmail|yahoo|hotmail|outlook|icloud)(?: ?\. ?| dot )(?:com|co(?: ?\. ?| dot )(?:ke|ug|tz|uk))`)},
	{URLLabel, ".:", regexp.MustCompile(`(?:https?://|www\.)[^\s<>"]*[\pL\pN/]`)},
	{URLLabel, ".:", regexp.MustCompile(`[\pL\pN-]+(?:\.[\pL\pN-]+)*\.(?:com|org|net|info|(?:co|or|go|ac|sc|ne)\.(?:ke|ug|tz)|ke)\b(?:/[^\s<>"]*[\pL\pN/])?`)},
	{URLLabel, "@", regexp.MustCompile(`(?:^|[^\pL\pN])(@[\pL\pN_.]*[\pL\pN_]{2})`)},
	{DateLabel, digits, regexp.MustCompile(`\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}`)},
	{DateLabel, digits, regexp.MustCompile(day + ` (?:of |ya |mwezi wa )?` + month + `\b\.?(?:,? (?:19|20)\d\d)?`)},
	{DateLabel, digits, regexp.MustCompile(`\b` + month + `\.? (?:` + day + `(?:,? (?:19|20)\d\d)?|(?:19|20)\d\d)`)},
	{PhoneLabel, digits, regexp.MustCompile(`(?:\+|\b00|\b)` + gap + `(?:25[0-7]|211|243|249)(?:` + gap + `\(0\))?(?:` + gap + `\d){9}`)}, // East Africa
	{PhoneLabel, digits, regexp.MustCompile(`(?:\+|\b00)` + gap + `(?:[13-9]|2[0-46-9])(?:` + gap + `\d){7,13}`)},                         // elsewhere
	{PhoneLabel, digits, regexp.MustCompile(`(?:^|\D)(\(?0(?:` + gap + `\d){8,9})`)},                                                      // as dialled within a country
	{PhoneLabel, digits, regexp.MustCompile(`(?:^|\D)(0\d{2,3} ?[/_*—] ?\d{3} ?[/_*—]? ?\d{3,4})`)},                                       // 0712/345678
	{PhoneLabel, digits, regexp.MustCompile(`\b[17]\d{2}` + gap + `\d{3}` + gap + `\d{3}\b`)},                                             // without the leading 0
	{PhoneLabel, "", regexp.MustCompile(`\b` + digitWord + `\b(?:[ ,.-]{1,3}` + digitWord + `\b){6,}`)},
	{IDLabel, digits, regexp.MustCompile(`\d{6,}`)},
	{IDLabel, digits, regexp.MustCompile(`\b\pL{1,3}-?\d{5,}\pL?\b`)},                       // passports, tax numbers
	{IDLabel, digits, regexp.MustCompile(`\bk[a-z]{2} ?\d{3} ?[a-z]\b`)},                    // number plates
	{IDLabel, digits, regexp.MustCompile(`\b\d{2,}(?:[/-]\d{2,}){2,}(?:[/-][\pL\pN]+)*\b`)}, // 12/345/2020
	{IDLabel, digits, regexp.MustCompile(`\bid(?:entity card)?(?: (?:number|no\.?))?(?: (?:is|ni))? ((?:\d[ -]?){4,}\d)`)},
}

// found is a range of a folded text in which something is to be replaced.
type found struct {
	a, b     int
	label    string
	source   Source
	identity *identity
}

// match returns what the patterns of the given labels find, in order, without overlaps.
func match(f folded, labels []string) []found {
	text := string(f.runes)
	at := func(offset int) int { return offset }
	if len(text) > len(f.runes) {
		starts := make([]int, 0, len(f.runes)) // of each rune, in bytes
		for i := range text {
			starts = append(starts, i)
		}
		at = func(offset int) int {
			i, _ := slices.BinarySearch(starts, offset)
			return i
		}
	}
	var list []found
	for _, p := range patterns {
		if !slices.Contains(labels, p.label) || p.needs != "" && !strings.ContainsAny(text, p.needs) {
			continue
		}
		for _, m := range p.form.FindAllStringSubmatchIndex(text, -1) {
			if len(m) > 2 {
				m = m[2:]
			}
			a, b := at(m[0]), at(m[1])
			if isIn(a, b, list) {
				continue
			}
			for b > a && strings.ContainsRune(" .,/(-", f.runes[b-1]) {
				b--
			}
			for a < b && strings.ContainsRune(" .,)-", f.runes[a]) { // a gap before a country code
				a++
			}
			a, b = widenWord(f, a, b)
			list = append(list, found{a: a, b: b, label: p.label, source: FromPattern})
		}
	}
	return union(list, func(x, _ found) found { return x })
}

// isIn reports whether the last range has all of a to b, so that many of them in one word
// don't each cost its length.
func isIn(a, b int, list []found) bool {
	last := len(list) - 1
	return last >= 0 && list[last].a <= a && b <= list[last].b
}

// widenWord extends a range to whole words, so that no part of a number stays.
func widenWord(f folded, a, b int) (start, end int) {
	for f.inWord(a) {
		a--
	}
	for f.inWord(b) {
		b++
	}
	return a, b
}

// union merges ranges that overlap. main chooses, of two of them, the one whose label,
// source and identity the merged range has; x was listed first.
func union(list []found, main func(x, y found) found) []found {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return list[i].a - list[j].a })
	var merged []found
	var rank []int // where the merged range's main one was listed
	for _, i := range order {
		next := list[i]
		last := len(merged) - 1
		if last < 0 || next.a >= merged[last].b {
			merged, rank = append(merged, next), append(rank, i)
			continue
		}
		x, y, xi, yi := list[rank[last]], next, rank[last], i
		if xi > yi {
			x, y, xi, yi = y, x, yi, xi
		}
		chosen, which := main(x, y), xi
		if chosen == y {
			which = yi
		}
		chosen.a, chosen.b = merged[last].a, max(merged[last].b, next.b)
		merged[last], rank[last] = chosen, which
	}
	return merged
}
