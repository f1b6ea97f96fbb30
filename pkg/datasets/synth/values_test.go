package synth

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// values are the texts that a call's entities of each label may have.
func values(c *call) map[string][]string {
	names := func(p person) []string { return []string{p.first, p.last, p.full()} }
	incidents := []string{strings.ToLower(c.topic.name)}
	for _, name := range c.topic.incidents {
		for _, article := range []string{"a ", "an ", "the "} {
			name = strings.TrimPrefix(name, article)
		}
		incidents = append(incidents, name)
	}
	v := map[string][]string{
		"NAME":          append(names(c.friend), c.counselor.first),
		"VICTIM":        names(c.child),
		"PERPETRATOR":   append(names(c.perp), c.kin.noun),
		"AGE":           {numerals[c.age], strconv.Itoa(c.age)},
		"GENDER":        {c.sayGender()},
		"LOCATION":      {c.town, c.county.name},
		"LANDMARK":      {c.landmark},
		"PHONE_NUMBER":  {c.phone},
		"INCIDENT_TYPE": incidents,
	}
	if !c.self { // a child who calls is the victim
		v["NAME"] = append(v["NAME"], names(c.caller)...)
	}
	return v
}

// checkValues fails if a span isn't in order, or doesn't hold exactly what the call's cast has
// for its label.
func checkValues(t *testing.T, c *call) {
	t.Helper()
	text := []rune(c.text.String())
	allowed, last := values(c), 0
	for _, e := range c.entities {
		if e.Start < last || e.End <= e.Start || e.End > len(text) {
			t.Fatalf("%s: span [%d, %d) after %d in a text of %d", e.Label, e.Start, e.End, last, len(text))
		}
		last = e.End
		found := false
		for _, value := range allowed[e.Label] {
			found = found || strings.EqualFold(string(text[e.Start:e.End]), value)
		}
		if !found {
			t.Errorf("%s at [%d, %d) is %q, want one of %q", e.Label, e.Start, e.End, string(text[e.Start:e.End]), allowed[e.Label])
		}
	}
}

func TestSpansHoldTheCastsValues(t *testing.T) {
	for _, o := range []Options{{Seed: 11}, {Seed: 11, Short: true}, {Seed: 11, Long: true}} {
		n := 700 // with the first call over 512 tokens
		if o.Long {
			n = 100
		}
		for i := range n {
			checkValues(t, nerCall(o, i))
		}
	}
}

// Offsets are right for any seed and number.
func FuzzSpans(f *testing.F) {
	f.Add(uint64(42), uint16(0), true, false)
	f.Add(uint64(0), uint16(firstLong), false, false)
	f.Add(^uint64(0), uint16(65535), true, false)
	f.Add(uint64(7), uint16(1), false, true)
	f.Fuzz(func(t *testing.T, seed uint64, i uint16, short, long bool) {
		checkValues(t, nerCall(Options{Seed: seed, Short: short && !long, Long: long}, int(i)))
	})
}

// Every slot of the small talk's templates is known, and what it says doesn't look like
// a slot, a phone number or a time of danger.
func TestRemarks(t *testing.T) {
	wrong := regexp.MustCompile(`[{}\[\]<>|]|\d{7}|(^|\s)a [aeio]`)
	danger := regexp.MustCompile(`(?i)\b(tonight|tomorrow|kesho|right now|sasa hivi|last year|long ago|this weekend|mwaka jana)\b`)
	for voice, who := range map[voice]string{caller: "caller", counselor: "counsellor"} {
		for _, template := range append(append([]string(nil), plainRemarks[voice]...), courteousRemarks[voice]...) {
			for seed := range uint64(20) {
				c := newCall(Options{Seed: seed}.stream(nerKind, 0), topics[0], true)
				c.voice = voice
				c.utter(template)
				text := c.text.String()
				if wrong.MatchString(text) || danger.MatchString(text) || len(c.entities) > 0 {
					t.Errorf("%s's %q gives %q with %d entities", who, template, text, len(c.entities))
				}
			}
		}
	}
}

// In calls that are judged, the counsellor's small talk isn't courteous by itself.
func TestRemarksOfJudgedCalls(t *testing.T) {
	courtesy := regexp.MustCompile(`(?i)\b(please|thank|sorry|asante|pole|tafadhali|appreciate your|goodbye|kwaheri)\b`)
	for _, template := range plainRemarks[counselor] {
		if courtesy.MatchString(template) {
			t.Errorf("%q is courteous", template)
		}
	}
}

func TestContractions(t *testing.T) {
	for in, want := range map[string]string{
		"I am here":                       "I'm here",
		"that it is {incident}, not":      "that it's {incident}, not",
		"the visit is not this not that":  "the visit isn't this not that",
		"{he} {is} quiet":                 "{he's} quiet",
		"This is {caller}":                "This is {caller}",
		"tell me how it is":               "tell me how it is",
		"Do you know how it is there? No": "Do you know how it's there? No",
	} {
		if got := contractions.Replace(" " + in)[1:]; got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// Coined words look like names, and there are many of them.
func TestCoin(t *testing.T) {
	for kind, grammars := range map[string][]grammar{"girls": girlGrammars, "boys": boyGrammars, "places": placeGrammars} {
		r, seen := Options{Seed: 3}.stream(nerKind, 0), map[string]bool{}
		for range 4000 {
			word := coin(r, grammars)
			seen[word] = true
			for i, letter := range []rune(word) {
				if (i == 0) != unicode.IsUpper(letter) || i > 0 && letter != '\'' && !unicode.IsLower(letter) {
					t.Fatalf("%s: %q", kind, word)
				}
			}
			if n := len(word); n < 3 || n > 14 {
				t.Fatalf("%s: %q has %d letters", kind, word, n)
			}
		}
		if len(seen) < 300 {
			t.Errorf("%s: only %d different words", kind, len(seen))
		}
	}
}
