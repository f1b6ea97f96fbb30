package synth_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// plausible is what the text of a span of each label looks like.
var plausible = map[string]*regexp.Regexp{
	"NAME":          regexp.MustCompile(`^\p{Lu}[\p{L}'’]+( \p{Lu}[\p{L}'’]+){0,2}$`),
	"VICTIM":        regexp.MustCompile(`^\p{Lu}[\p{L}'’]+( \p{Lu}[\p{L}'’]+){0,2}$`),
	"PERPETRATOR":   regexp.MustCompile(`^(\p{Lu}[\p{L}'’]+( \p{Lu}[\p{L}'’]+){0,2}|[a-z]+( [a-z]+){0,2})$`),
	"LOCATION":      regexp.MustCompile(`^\p{Lu}[\p{L}'’/-]+( \p{Lu}[\p{L}'’]+)?$`),
	"LANDMARK":      regexp.MustCompile(`^\p{Lu}[\p{L}.' ]+ (Market|School|Church|Dispensary|Stage|Station|Mosque|Centre|Stadium|Bridge|Post)$`),
	"AGE":           regexp.MustCompile(`^(1?[0-9]|[a-z]+)$`),
	"GENDER":        regexp.MustCompile(`^([Gg]irl|[Bb]oy)$`),
	"INCIDENT_TYPE": regexp.MustCompile(`^[A-Za-z][A-Za-z/' -]+$`),
	"PHONE_NUMBER":  regexp.MustCompile(`^(\+254|0)3[0-9 -]{8,12}$`),
}

// spans calls f with every entity's text, its record and its bounds in code points.
func spans(records []datasets.NERRecord, f func(record int, runes []rune, e datasets.Entity)) {
	for i, r := range records {
		runes := []rune(string(r.Text))
		for _, e := range r.Entities {
			f(i, runes, e)
		}
	}
}

func TestSpans(t *testing.T) {
	for name, s := range map[string]set{"full": fullSet(), "short": shortSet()} {
		last, shifted := map[int]int{}, 0
		spans(s.ner, func(i int, runes []rune, e datasets.Entity) {
			if e.Start < last[i] || e.End <= e.Start || e.End > len(runes) {
				t.Fatalf("%s record %d: span [%d, %d) after %d in a text of %d", name, i, e.Start, e.End, last[i], len(runes))
			}
			last[i] = e.End
			text := string(runes[e.Start:e.End])
			if !plausible[e.Label].MatchString(text) {
				t.Errorf("%s record %d: %s is %q", name, i, e.Label, text)
			}
			if e.Start > 0 && isWord(runes[e.Start-1]) || e.End < len(runes) && isWord(runes[e.End]) {
				t.Errorf("%s record %d: %s %q begins or ends inside a word", name, i, e.Label, text)
			}
			if len(string(runes[:e.Start])) != e.Start {
				shifted++
			}
		})
		if shifted < 100 {
			t.Errorf("%s: only %d spans follow a character that isn't ASCII", name, shifted)
		}
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Wherever a phone number stands, it is of a series that isn't in use.
func TestNoRealPhoneNumbers(t *testing.T) {
	digits := regexp.MustCompile(`\+?[0-9][0-9 -]{6,}[0-9]`)
	found := 0
	for _, text := range fullSet().all() {
		for _, number := range digits.FindAllString(text, -1) {
			found++
			if !plausible["PHONE_NUMBER"].MatchString(number) {
				t.Fatalf("a number is %q", number)
			}
		}
	}
	if found == 0 {
		t.Error("no text has a phone number")
	}
}

// No slot, choice or mark of a template is left, and no sentence runs into another.
func TestTexts(t *testing.T) {
	wrong := regexp.MustCompile(`[{}\[\]<>|]|  |[^.]\.\.[^.]|\.{4}|[?!;,]\.| [.,?]|[a-z][.?!][A-Z]|^\s|\s$|(^|\s)a [aeio]|\b(I|you) is\b|\bI has\b|\bhe am\b`)
	for name, s := range map[string]set{"full": fullSet(), "short": shortSet()} {
		for i, text := range s.all() {
			if i%4 != 0 { // a quarter is much already
				continue
			}
			if at := wrong.FindStringIndex(text); at != nil {
				t.Fatalf("%s text %d: …%q…", name, i, text[max(0, at[0]-30):min(len(text), at[1]+30)])
			}
		}
	}
}

func TestSwahili(t *testing.T) {
	swahili := regexp.MustCompile(`\b(naitwa|jina langu|asante|sawa|karibu|ndiyo|hakuna|namba|leo|kesho|pole sana|kusema kweli)\b`)
	ner, cases, qa := fullSet().texts()
	for name, texts := range map[string][]string{"ner": ner, "cases": cases, "qa": qa} {
		n := 0
		for _, text := range texts {
			if swahili.MatchString(strings.ToLower(text)) {
				n++
			}
		}
		if share := float64(n) / float64(len(texts)); share < 0.6 {
			t.Errorf("%s: %.2f of the texts have Swahili", name, share)
		}
	}
}

// The same names are borne in all roles, and a name's most frequent role is
// little better than a guess.
func TestRoleHangsOnContext(t *testing.T) {
	roles := []string{"NAME", "VICTIM", "PERPETRATOR"}
	counts := map[string]map[string]int{}
	spans(fullSet().ner, func(_ int, runes []rune, e datasets.Entity) {
		if !slices.Contains(roles, e.Label) {
			return
		}
		name := string(runes[e.Start:e.End])
		if counts[name] == nil {
			counts[name] = map[string]int{}
		}
		counts[name][e.Label]++
	})
	single := map[string]int{} // first names that occur often, by how many roles they have
	right, total := 0, 0
	for name, byRole := range counts {
		n, most := 0, 0
		for _, c := range byRole {
			n, most = n+c, max(most, c)
		}
		if strings.Contains(name, " ") || n < 60 || strings.ToLower(name) == name {
			continue
		}
		single[strings.Repeat("x", len(byRole))]++
		right, total = right+most, total+n
	}
	if single["x"] > 0 || single["xx"] > 3 || single["xxx"] < 80 {
		t.Errorf("names with one, two and three roles: %v", single)
	}
	if share := float64(right) / float64(total); share > 0.75 {
		t.Errorf("a name's usual role is right in %.2f of its mentions", share)
	}
}
