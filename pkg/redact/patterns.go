package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern finds something in a folded text. If it has a group, that is what is found.
type pattern struct {
	label string
	form  *regexp.Regexp
}

// The parts of patterns. digitWord is a digit that is spelt out, in English or Swahili;
// month a month's name in either.
const (
	gap       = `[ .,()-]{0,3}`
	digitWord = `(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|sifuri|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa)`
	month     = `(?:jan(?:uary|uari)?|feb(?:ruary|ruari)?|mar(?:ch)?|machi|apr(?:il|ili)?|may|mei|june?|juni|july?|julai|aug(?:ust)?|agosti|sept?(?:ember|emba)?|oct(?:ober)?|oktoba|nov(?:ember|emba)?|dec(?:ember)?|desemba)`
	day       = `\d{1,2}(?:st|nd|rd|th)?`
)

// patterns are in the order of precedence: where several overlap, the first one's label
// holds for all of it.
var patterns = []pattern{
	{EmailLabel, regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)},
	{EmailLabel, regexp.MustCompile(`[\pL\pN._-]+ (?:at|@) (?:gmail|yahoo|hotmail|outlook|icloud)(?: ?\. ?| dot )(?:com|co(?: ?\. ?| dot )(?:ke|ug|tz|uk))`)},
	{URLLabel, regexp.MustCompile(`(?:https?://|www\.)[^\s<>"]*[\pL\pN/]`)},
	{URLLabel, regexp.MustCompile(`[\pL\pN-]+(?:\.[\pL\pN-]+)*\.(?:com|org|net|info|(?:co|or|go|ac|sc|ne)\.(?:ke|ug|tz)|ke)\b(?:/[^\s<>"]*[\pL\pN/])?`)},
	{URLLabel, regexp.MustCompile(`(?:^|[^\pL\pN])(@[\pL\pN_.]*[\pL\pN_]{2})`)},
	{DateLabel, regexp.MustCompile(`\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}`)},
	{DateLabel, regexp.MustCompile(day + ` (?:of |ya |mwezi wa )?` + month + `\b\.?(?:,? (?:19|20)\d\d)?`)},
	{DateLabel, regexp.MustCompile(`\b` + month + `\.? (?:` + day + `(?:,? (?:19|20)\d\d)?|(?:19|20)\d\d)`)},
	{PhoneLabel, regexp.MustCompile(`(?:\+|\b00|\b)` + gap + `(?:25[0-7]|211|243|249)(?:` + gap + `\(0\))?(?:` + gap + `\d){9}`)}, // East Africa
	{PhoneLabel, regexp.MustCompile(`(?:\+|\b00)` + gap + `(?:[13-9]|2[0-46-9])(?:` + gap + `\d){7,13}`)},                         // elsewhere
	{PhoneLabel, regexp.MustCompile(`(?:^|\D)(\(?0(?:` + gap + `\d){8,9})`)},                                                      // as dialled within a country
	{PhoneLabel, regexp.MustCompile(`\b[17]\d{2}` + gap + `\d{3}` + gap + `\d{3}\b`)},                                             // without the leading 0
	{PhoneLabel, regexp.MustCompile(`\b` + digitWord + `\b(?:[ ,.-]{1,3}` + digitWord + `\b){6,}`)},
	{IDLabel, regexp.MustCompile(`\d{6,}`)},
	{IDLabel, regexp.MustCompile(`\b\pL{1,3}-?\d{5,}\pL?\b`)},                       // passports, tax numbers
	{IDLabel, regexp.MustCompile(`\bk[a-z]{2} ?\d{3} ?[a-z]\b`)},                    // number plates
	{IDLabel, regexp.MustCompile(`\b\d{2,}(?:[/-]\d{2,}){2,}(?:[/-][\pL\pN]+)*\b`)}, // 12/345/2020
	{IDLabel, regexp.MustCompile(`\bid(?:entity card)?(?: (?:number|no\.?))?(?: (?:is|ni))? ((?:\d[ -]?){4,}\d)`)},
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
	starts := make([]int, 0, len(f.runes)+1) // bytes of each rune
	for i := range text {
		starts = append(starts, i)
	}
	at := func(offset int) int {
		if len(text) == utf8.RuneCountInString(text) {
			return offset
		}
		i, _ := slices.BinarySearch(starts, offset)
		return i
	}
	var list []found
	for _, p := range patterns {
		if !slices.Contains(labels, p.label) {
			continue
		}
		for _, m := range p.form.FindAllStringSubmatchIndex(text, -1) {
			if len(m) > 2 {
				m = m[2:]
			}
			a, b := at(m[0]), at(m[1])
			for b > a && strings.ContainsRune(" .,/(-", f.runes[b-1]) {
				b--
			}
			a, b = widenWord(f, a, b)
			list = append(list, found{a: a, b: b, label: p.label, source: FromPattern})
		}
	}
	return union(list, func(x, _ found) found { return x })
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
