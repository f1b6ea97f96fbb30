package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

func newRedactor(t testing.TB, mode Mode, labels ...string) *Redactor {
	t.Helper()
	r, err := New(Options{Mode: mode, Labels: labels, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// marked is a text in which what a model found stands as {LABEL:words}.
func marked(text string) (plain string, spans []Span) {
	form := regexp.MustCompile(`\{([A-Z_]+):([^}]*)\}`)
	done := 0
	for _, m := range form.FindAllStringSubmatchIndex(text, -1) {
		plain += text[done:m[0]]
		start := len([]rune(plain))
		plain += text[m[4]:m[5]]
		spans = append(spans, Span{text[m[2]:m[3]], start, len([]rune(plain))})
		done = m[1]
	}
	return plain + text[done:], spans
}

func TestMarked(t *testing.T) {
	plain, spans := marked("Héllo {NAME:Amina} of {LOCATION:Kisumu}.")
	if plain != "Héllo Amina of Kisumu." || !slices.Equal(spans, []Span{{"NAME", 6, 11}, {"LOCATION", 15, 21}}) {
		t.Fatal(plain, spans)
	}
}

func TestLabels(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                      {"Hello there.", "Hello there."},
		"no text":                      {"", ""},
		"the same form":                {"{VICTIM:Amina} cried. {VICTIM:AMINA} is 9. {VICTIM:Juma} too.", "[VICTIM_1] cried. [VICTIM_1] is 9. [VICTIM_2] too."},
		"possessive":                   {"{VICTIM:Amina's} mother; {VICTIM:Amina}; Amina’s book; James' {NAME:James} and {NAME:James'} bag", "[VICTIM_1]'s mother; [VICTIM_1]; [VICTIM_1]’s book; [NAME_1]' [NAME_1] and [NAME_1]' bag"},
		"a first name alone":           {"{NAME:Amina Hassan} here. Yes, {NAME:Amina} speaking.", "[NAME_1] here. Yes, [NAME_1] speaking."},
		"a part that wasn't found":     {"{NAME:Amina Hassan} here. Is Amina there, Mrs Hassan?", "[NAME_1] here. Is [NAME_1] there, Mrs [NAME_1]?"},
		"a part of two names":          {"{NAME:Amina Hassan} and {NAME:Juma Hassan} and {NAME:Hassan}", "[NAME_1] and [NAME_2] and [NAME_3]"},
		"an unfound part of two names": {"{NAME:Amina Hassan}, {NAME:Juma Hassan}: the Hassan family, Juma", "[NAME_1], [NAME_2]: the [NAME_3] family, [NAME_2]"},
		"titles":                       {"{NAME:Mr. Kamau} and {NAME:Kamau} and Dr Kamau", "[NAME_1] and [NAME_1] and Dr [NAME_1]"},
		"two labels, one person":       {"{NAME:Amina}, that is {VICTIM:Amina}, so {NAME:Amina}", "[VICTIM_1], that is [VICTIM_1], so [VICTIM_1]"},
		"victim and perpetrator":       {"{VICTIM:Juma} {PERPETRATOR:Juma} {PERPETRATOR:Juma}", "[PERPETRATOR_1] [PERPETRATOR_1] [PERPETRATOR_1]"},
		"a word of two classes":        {"{NAME:Chebet} of {LOCATION:Chebet}, and Chebet", "[NAME_1] of [LOCATION_1], and [NAME_1]"},
		"overlap":                      {"at {LANDMARK:Kisumu Primary School}", "at [LANDMARK_1]"},
		"other labels stay":            {"a {GENDER:girl}, {INCIDENT_TYPE:defilement}", "a girl, defilement"},
		"not in a word":                {"{NAME:Ann} has an annual plan; annotate; Ann2", "[NAME_1] has an annual plan; annotate; Ann2"},
		"part of a word is widened":    {"{NAME:Am}ina, {NAME:Ng}'ang'a, {NAME:Al}-Amin, Ng'ang'a", "[NAME_1], [NAME_2], [NAME_3], [NAME_2]"},
		"hyphen before a small letter": {"{LOCATION:Nairobi}-based", "[LOCATION_1]-based"},
		"kwa":                          {"Niko kwa {NAME:Amina}. Mtoto wa Amina, kwaAmina.", "Niko kwa [NAME_1]. Mtoto wa [NAME_1], kwaAmina."},
		"locative, both":               {"{LOCATION:Kisumu}, naishi Kisumuni", "[LOCATION_1], naishi [LOCATION_1]ni"},
		"locative, both found":         {"{LOCATION:Kisumuni}, {LOCATION:Kisumu}", "[LOCATION_1]ni, [LOCATION_1]"},
		"locative alone":               {"Naishi {LOCATION:Kisumuni}. Kisumu is far; shimo.", "Naishi [LOCATION_1]. [LOCATION_1] is far; shimo."},
		"locative of no place":         {"{NAME:Kama} kamani", "[NAME_1] kamani"},
		"place of two words":           {"{LOCATION:West Pokot} is west of pokot; Pokot", "[LOCATION_1] is west of pokot; [LOCATION_1]"},
		"common words":                 {"my {VICTIM:daughter} and your daughter; {NAME:Will} will; is Will here", "my [VICTIM_1] and your daughter; [NAME_1] will; is [NAME_1] here"},
		"parts that are common":        {"my {VICTIM:daughter Amina} and the daughter", "my [VICTIM_1] and the daughter"},
		"lower case, as from speech":   {"{NAME:amina hassan} hello hassan", "[NAME_1] hello [NAME_1]"},
		"white space":                  {"{NAME:Amina Hassan} or Amina\n\t Hassan", "[NAME_1] or [NAME_1]"},
		"accents":                      {"{NAME:Chloé}, Chloe, CHLOE\u0301!", "[NAME_1], [NAME_1], [NAME_1]!"},
		"outside the BMP":              {"😀😀 {NAME:𝒜mina} 😀 {LOCATION:Kisumu} 😀", "😀😀 [NAME_1] 😀 [LOCATION_1] 😀"},
		"invisible characters":         {"{NAME:Amina} A\u200bmina", "[NAME_1] [NAME_1]"},
		"ages":                         {"she is {AGE:9}, class 9, {AGE:nine} years, 19, 9.", "she is [AGE_1], class [AGE_1], [AGE_2] years, 19, [AGE_1]."},
		"redacted before":              {"[NAME_1] and {NAME:Amina}", "[NAME_1] and [NAME_2]"},
		"phones are one":               {"{PHONE_NUMBER:0712345678} or +254 712 345 678", "[PHONE_NUMBER_1] or [PHONE_NUMBER_1]"},
		"slashes in a phone":           {"0712/345678, 0712_345_678 or 0712—345—678 on 01/02/2014, 3 pm", "[PHONE_NUMBER_1], [PHONE_NUMBER_1] or [PHONE_NUMBER_1] on [DATE_1], 3 pm"},
		"digits of another script":     {"call ٠٧١٢٣٤٥٦٧٨ or 0712345678", "call [PHONE_NUMBER_1] or [PHONE_NUMBER_1]"},
		"a name with its comma":        {"I am{NAME:, Amina}. amina!", "I am, [NAME_1]. [NAME_1]!"},
		"space before a phone":         {"on 254712345678, (254) 712345678", "on [PHONE_NUMBER_1], [PHONE_NUMBER_1]"},
		"half a phone":                 {"call {PHONE_NUMBER:0712} 345 678 now", "call [PHONE_NUMBER_1] now"},
		"a name in an address":         {"{NAME:amina}.hassan@gmail.com, amina", "[EMAIL_1], amina"},
	} {
		t.Run(name, func(t *testing.T) {
			plain, spans := marked(test.text)
			got := newRedactor(t, Label, DefaultLabels()...).Redact(plain, spans)
			if got.Text != test.want {
				t.Errorf("got  %q\nwant %q", got.Text, test.want)
			}
			checkResult(t, plain, got)
		})
	}
}

// checkResult checks what holds for every result: replacements lie in the new text, in
// order, and everything else is as it was.
func checkResult(t *testing.T, text string, got Result) {
	t.Helper()
	old, now := []rune(text), []rune(got.Text)
	from, at := 0, 0
	for _, one := range got.Replacements {
		if one.Start < at || one.End > len(now) || string(now[one.Start:one.End]) != one.Text {
			t.Fatalf("%+v isn't in %q", one, got.Text)
		}
		if string(old[from:one.from]) != string(now[at:one.Start]) {
			t.Fatalf("before %+v: %q became %q", one, string(old[from:one.from]), string(now[at:one.Start]))
		}
		if a, b := got.Move(one.from, one.to); a != one.Start || b != one.End {
			t.Fatalf("%+v: Move says %d to %d", one, a, b)
		}
		from, at = one.to, one.End
	}
	if string(old[from:]) != string(now[at:]) {
		t.Fatalf("the end %q became %q", string(old[from:]), string(now[at:]))
	}
	last := 0
	for i := range old {
		a, b := got.Move(i, i+1)
		if a < last || b <= a || b > len(now) {
			t.Fatalf("code point %d moves to %d, %d", i, a, b)
		}
		last = a
		if got.Replaced(i, i+1) < 0 && (b != a+1 || now[a] != old[i]) {
			t.Fatalf("code point %d isn't where it moves to", i)
		}
	}
}

func TestPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"call 0712345678.":                         "call [PHONE_NUMBER_1].",
		"0712 345 678, 0712-345-678":               "[PHONE_NUMBER_1], [PHONE_NUMBER_1]",
		"0 7 1 2 3 4 5 6 7 8":                      "[PHONE_NUMBER_1]",
		"07 12 34 56 78":                           "[PHONE_NUMBER_1]",
		"+254712345678 / 254712345678":             "[PHONE_NUMBER_1] / [PHONE_NUMBER_1]",
		"+254 (0)712 345678":                       "[PHONE_NUMBER_1]",
		"00254 712 345 678":                        "[PHONE_NUMBER_1]",
		"+256 772 123456, +255-754-123-456":        "[PHONE_NUMBER_1], [PHONE_NUMBER_2]",
		"+44 20 7946 0958":                         "[PHONE_NUMBER_1]",
		"(020) 2345678":                            "[PHONE_NUMBER_1]",
		"712 345 678":                              "[PHONE_NUMBER_1]",
		"tel0712345678":                            "[PHONE_NUMBER_1]",
		"０７１２３４５６７８":                               "[PHONE_NUMBER_1]",
		"zero seven one two three four five, six":  "[PHONE_NUMBER_1]",
		"sifuri saba moja mbili tatu nne tano":     "[PHONE_NUMBER_1]",
		"one or two of three":                      "one or two of three",
		"call 116, I am 15, in 2019, at 10:30":     "call 116, I am 15, in 2019, at 10:30",
		"amina.h+x@mail.co.ke, ok":                 "[EMAIL_1], ok",
		"amina at gmail dot com":                   "[EMAIL_1]",
		"see https://fb.com/amina.h?x=1, now":      "see [URL_1], now",
		"facebook.com/amina or www.x.ke":           "[URL_1] or [URL_2]",
		"write to @amina_h.":                       "write to [URL_1].",
		"Jambo.Habari. e.g. this":                  "Jambo.Habari. e.g. this",
		"on 12/03/2012 and 2012-03-12, 1.2.12":     "on [DATE_1] and [DATE_2], [DATE_3]",
		"5th of March 2020; March 5, 2020; 5 Mei":  "[DATE_1]; [DATE_2]; [DATE_3]",
		"tarehe 5 mwezi wa Machi":                  "tarehe [DATE_1]",
		"she may come in march, may I":             "she may come in march, may I",
		"ID 12345678, id number is 1 2 3 4 5":      "ID [ID_NUMBER_1], id number is [ID_NUMBER_2]",
		"passport A1234567, AK0123456, A01234567X": "passport [ID_NUMBER_1], [ID_NUMBER_2], [ID_NUMBER_3]",
		"car KBA 123C, file 12/345/2020/A":         "car [ID_NUMBER_1], file [ID_NUMBER_2]",
		"500 shillings, 5,000 or 50%":              "500 shillings, 5,000 or 50%",
	} {
		got := newRedactor(t, Label, PatternLabels()...).Redact(text, nil)
		if got.Text != want {
			t.Errorf("%q:\ngot  %q\nwant %q", text, got.Text, want)
		}
		checkResult(t, text, got)
	}
}

// Labels that weren't chosen stay, whoever finds them.
func TestChoice(t *testing.T) {
	plain, spans := marked("{NAME:Amina} 0712345678 {AGE:9}")
	if got := newRedactor(t, Label, "AGE").Redact(plain, spans).Text; got != "Amina 0712345678 [AGE_1]" {
		t.Error(got)
	}
}

func TestMask(t *testing.T) {
	plain, spans := marked("{NAME:Amina} and {NAME:Jo}, 0712345678")
	if got := newRedactor(t, Mask, DefaultLabels()...).Redact(plain, spans).Text; got != "***** and *****, *****" {
		t.Error(got)
	}
}

// The same key gives the same hashes in all calls, another one others. A person has one
// hash, whatever the label.
func TestHash(t *testing.T) {
	plain, spans := marked("{NAME:Amina} {LOCATION:Amina}")
	one := newRedactor(t, Hash, DefaultLabels()...).Redact(plain, spans).Text
	if !regexp.MustCompile(`^\[NAME_[0-9a-f]{12}\] \[LOCATION_[0-9a-f]{12}\]$`).MatchString(one) || one[6:18] == one[30:42] {
		t.Error(one)
	}
	plain, spans = marked("So {VICTIM:AMINA} {LOCATION:amina}")
	if two := newRedactor(t, Hash, DefaultLabels()...).Redact(plain, spans).Text; two[11:23] != one[6:18] {
		t.Error(one, two)
	}
	other, err := New(Options{Mode: Hash, Key: []byte("another key of some length")})
	if err != nil {
		t.Fatal(err)
	}
	if three := other.Redact(plain, spans).Text; three[11:23] == one[6:18] {
		t.Error("the key doesn't matter")
	}
}

func TestPseudonyms(t *testing.T) {
	r := newRedactor(t, Pseudonym, DefaultLabels()...)
	plain, spans := marked("{NAME:Amina Hassan} ({NAME:Amina}), {VICTIM:Juma}, of {LOCATION:Kisumu} near {LANDMARK:Jamia Mosque}, {AGE:9}, 0712345678, a@b.org, www.x.org")
	got := r.Redact(plain, spans)
	form := regexp.MustCompile(`^(\w+ \w+) \((\w+ \w+)\), \w+, of \w+ near \w+ Centre, \[AGE_[0-9a-f]{12}\], \+254 000 \d{6}, person-[0-9a-f]{8}@example\.org, https://example\.org/[0-9a-f]{8}$`)
	if m := form.FindStringSubmatch(got.Text); m == nil || m[1] != m[2] {
		t.Fatal(got.Text)
	}
	checkResult(t, plain, got)
	again := r.Redact("At last "+plain, []Span{{"NAME", 8, 20}})
	if again.Replacements[0].Text != got.Replacements[0].Text {
		t.Error("another call has another pseudonym")
	}
	// A name of the call isn't taken.
	taken := got.Replacements[0].Text
	plain = "Amina Hassan met " + taken
	if other := r.Redact(plain, []Span{{"NAME", 0, 12}}).Replacements[0].Text; anyOf(wordsOf(strings.ToLower(other)), wordSet(strings.ToLower(taken))) {
		t.Errorf("%s is somebody else in the call", other)
	}
}

// Many people of one call have different pseudonyms.
func TestPseudonymsDiffer(t *testing.T) {
	var b strings.Builder
	var spans []Span
	for i := range 200 {
		name := fmt.Sprintf("Xa%c%c", 'a'+i/26, 'a'+i%26)
		start := b.Len()
		b.WriteString(name + " ")
		spans = append(spans, Span{"NAME", start, start + len(name)})
	}
	got := newRedactor(t, Pseudonym, "NAME").Redact(b.String(), spans)
	seen := map[string]bool{}
	for _, one := range got.Replacements {
		if seen[one.Text] {
			t.Fatalf("%s is two people", one.Text)
		}
		seen[one.Text] = true
	}
}

func TestNames(t *testing.T) {
	for name, list := range map[string][]string{"first": firstNames, "last": lastNames, "beginnings": placeBeginnings, "endings": placeEndings} {
		if len(slices.Compact(slices.Sorted(slices.Values(list)))) != len(list) || len(list) < 16 {
			t.Errorf("%s: names repeat", name)
		}
	}
}

func TestElsewhere(t *testing.T) {
	plain, spans := marked("{NAME:Amina Hassan} 0711111111")
	got := newRedactor(t, Label, DefaultLabels()...).Redact(plain, spans)
	for id, want := range map[string]string{
		"17": "17", "1712345678.17": "1712345678.17", "call-amina-2": "call-[NAME_1]-2", "0712345678": "[PHONE_NUMBER]", "+254 711 111 111": "[PHONE_NUMBER_1]", "AMINA HASSAN": "[NAME_1]", "a@b.org": "[EMAIL]",
	} {
		if text := got.Elsewhere(id); text != want {
			t.Errorf("%s: got %s, want %s", id, text, want)
		}
	}
	if text := (Result{}).Elsewhere("0712345678"); text != "0712345678" {
		t.Error(text)
	}
}

func TestOriginals(t *testing.T) {
	plain, spans := marked("{NAME:Amina} amina AMINA {AGE:9} Amina")
	got := newRedactor(t, Label, DefaultLabels()...).Redact(plain, spans).Originals()
	want := []Original{{"NAME", "[NAME_1]", "Amina"}, {"NAME", "[NAME_1]", "amina"}, {"NAME", "[NAME_1]", "AMINA"}, {"AGE", "[AGE_1]", "9"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestSources(t *testing.T) {
	plain, spans := marked("{NAME:Amina} 0712345678 Amina")
	var got []Source
	for _, one := range newRedactor(t, Label, DefaultLabels()...).Redact(plain, spans).Replacements {
		got = append(got, one.Source)
	}
	if !slices.Equal(got, []Source{FromModel, FromPattern, FromRepeat}) {
		t.Error(got)
	}
}

// Spans from elsewhere may be wrong.
func TestOddSpans(t *testing.T) {
	r := newRedactor(t, Label, DefaultLabels()...)
	for _, s := range []Span{{"NAME", -3, 2}, {"NAME", 5, 99}, {"NAME", 9, 3}, {"NAME", 5, 7}, {"NAME", 99, 100}, {"NAME", 5, 6}, {"", 0, 3}} {
		checkResult(t, "Amina, hello", r.Redact("Amina, hello", []Span{s, s}))
	}
}

// A text isn't printed by accident, not what is left of it either.
func TestResultIsNotPrinted(t *testing.T) {
	got := newRedactor(t, Mask, DefaultLabels()...).Redact("hello 0712345678", nil)
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		if text := fmt.Sprintf(form, got); text != "[redacted text, 1 replacements]" {
			t.Errorf("%s: %s", form, text)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("Amina's friend Amina Hassan, +254 712 345 678, Kisumuni 😀", 0, 5, 15, 27)
	f.Add("Ng'ang'a\u0301 - Al-Amin\u200b 12/3/2012", 0, 2, 11, 13)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		spans := []Span{{"NAME", a, b}, {"LOCATION", c, d}}
		for _, mode := range Modes() {
			r, err := New(Options{Mode: mode, Key: testKey})
			if err != nil {
				t.Fatal(err)
			}
			got := r.Redact(text, spans)
			checkResult(t, string([]rune(text)), got)
			for _, s := range spans {
				start, end := max(0, s.Start), min(len([]rune(text)), s.End)
				if start < end && !got.Covered(start, end) && !isPossessive([]rune(text), got, start, end) {
					t.Fatalf("%+v of %q isn't replaced: %q", s, text, got.Text)
				}
			}
		}
	})
}

// isPossessive reports whether what was left of a span are endings that stay: 's and -ni.
func isPossessive(text []rune, got Result, start, end int) bool {
	for i := start; i < end; i++ {
		if got.Replaced(i, i+1) < 0 && isWord(text[i]) && !strings.ContainsRune("sSnNiIſＳＮＩ", text[i]) {
			return false
		}
	}
	return true
}
