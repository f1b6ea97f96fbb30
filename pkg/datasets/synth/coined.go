package synth

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// Names of persons and places that are in no list. A model that only knows listed names
// takes every unknown word for a name, or none; coined ones teach it to go by context.

// grammar builds a word from a beginning, middles and an end.
type grammar struct {
	begin, middle, end []string
	middles            [2]int // least and most
}

var (
	girlGrammars = []grammar{
		{[]string{"Nya", "Wa", "Mu", "Ka", "Ne", "Ki"}, []string{"mbi", "ngo", "ke", "ri", "ta", "lo", "sa", "ndu"}, []string{"ra", "na", "to", "ya", "ni", "ti"}, [2]int{0, 1}},
		{[]string{"A", "Aki", "Apo", "Ade"}, []string{"li", "chi", "nyo", "tie", "ke", "wi"}, []string{"no", "ny", "eng", "or", "yo"}, [2]int{1, 1}},
		{[]string{"Cla", "Be", "Vi", "Lo", "Ma", "Ro", "Se", "Te"}, []string{"ri", "li", "ve", "no", "mi"}, []string{"na", "tte", "sa", "ssa", "line", "nda"}, [2]int{0, 1}},
		{[]string{"Jep", "Chep", "Che"}, []string{"ko", "tu", "ma", "le"}, []string{"mei", "rich", "sang", "tum"}, [2]int{0, 1}},
	}
	boyGrammars = []grammar{
		{[]string{"Mu", "Ki", "Ka", "Nde", "Gi", "Wa"}, []string{"to", "ri", "su", "nga", "mbu", "ke"}, []string{"nga", "ri", "thi", "ma", "ko", "a"}, [2]int{0, 1}},
		{[]string{"O", "Oti", "Oki", "Oba"}, []string{"ra", "lu", "che", "gi", "ndi"}, []string{"mbo", "nde", "ro", "eng", "go"}, [2]int{1, 1}},
		{[]string{"Al", "Ed", "Ger", "Har", "Mar", "Nor", "Vin", "Wil"}, []string{"be", "ni", "vi", "do"}, []string{"ton", "rick", "son", "lan", "bert", "ne"}, [2]int{0, 1}},
		{[]string{"Kip", "Ki", "Arap"}, []string{"la", "to", "che", "nge"}, []string{"gut", "mo", "rop", "lel"}, [2]int{1, 1}},
	}
	placeGrammars = []grammar{
		{[]string{"Ka", "Ki", "Ma", "Mu", "Nya", "Ru", "Wa"}, []string{"ngu", "ri", "to", "le", "ma", "sha", "ndo"}, []string{"ni", "ro", "ini", "ka", "mba", "ga", "we"}, [2]int{1, 2}},
		{[]string{"Ol", "Lo", "En", "Na"}, []string{"ka", "ro", "le", "tu", "ki"}, []string{"rok", "sho", "tok", "lai", "pus"}, [2]int{1, 1}},
		{[]string{"Green", "Stone", "River", "Hill", "Mill", "Long"}, nil, []string{"field", "side", "gate", "view", "ford", "wood"}, [2]int{0, 0}},
	}
)

// word draws a word with a capital first letter.
func (g grammar) word(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(pick(r, g.begin))
	for range between(r, g.middles[0], g.middles[1]) {
		b.WriteString(pick(r, g.middle))
	}
	b.WriteString(pick(r, g.end))
	return b.String()
}

// coin draws a word from one of the grammars. Some have an apostrophe after "ng".
func coin(r *rand.Rand, grammars []grammar) string {
	word := pick(r, grammars).word(r)
	if i := strings.Index(word, "ng"); i > 0 && i+2 < len(word) && strings.ContainsRune("aeiou", rune(word[i+2])) && chance(r, 0.3) {
		return word[:i+2] + "'" + word[i+2:]
	}
	return word
}

// rareWord returns a less common word of the list or a coined one.
func rareWord(r *rand.Rand, list []string, grammars []grammar) string {
	if chance(r, rareListed) {
		return pick(r, list)
	}
	return coin(r, grammars)
}

// lowerFirst returns text with a small first letter, unless its first word is a name or
// "I".
func lowerFirst(text string) string {
	first, _, _ := strings.Cut(text, " ")
	base, _, _ := strings.Cut(first, "'")
	if base == "I" || keepsCapital[strings.Trim(first, ",.")] || strings.ToLower(text) == text {
		return text
	}
	runes := []rune(text)
	runes[0] = unicode.ToLower(runes[0])
	return string(runes)
}

// keepsCapital has the first words of templates that have a capital everywhere.
var keepsCapital = map[string]bool{
	"Child": true, "Kiswahili": true, "Sunday": true, "Monday": true, "God": true, "Madam": true, "Sir": true, "OK": true,
}
