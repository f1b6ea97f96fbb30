package datasets

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// testTokenizer knows a few words; any other is [UNK].
func testTokenizer(t testing.TB) *tokenize.Tokenizer {
	t.Helper()
	vocab := strings.Fields(`[PAD] [UNK] [CLS] [SEP] [MASK] Ach ##ieng from Kisumu Nai ##ro ##bi West of she is 12 years old
		+ 254 72 ##2 ##00 - ' , . A B C D a b c d José`)
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// entity is the span of a part of text, whose parts are marked so:
// "before [part] after".
func entity(t *testing.T, marked, label string) Entity {
	t.Helper()
	before, rest, ok := strings.Cut(marked, "[")
	part, _, closed := strings.Cut(rest, "]")
	if !ok || !closed {
		t.Fatalf("no part is marked in %q", marked)
	}
	start := utf8.RuneCountInString(before)
	return Entity{start, start + utf8.RuneCountInString(part), label}
}

func TestAlignEntities(t *testing.T) {
	type span struct{ marked, label string }
	const ignored = "·"
	for name, c := range map[string]struct {
		text  string
		spans []span
		all   bool   // label all sub-words
		want  string // a label for each token
	}{
		"first sub-word": {
			"Achieng from Kisumu",
			[]span{{"[Achieng] from Kisumu", "NAME"}, {"Achieng from [Kisumu]", "LOCATION"}}, false,
			"· NAME · O LOCATION ·", // [CLS] Ach ##ieng from Kisumu [SEP]
		},
		"all sub-words": {
			"Achieng from Nairobi",
			[]span{{"[Achieng] from Nairobi", "NAME"}, {"Achieng from [Nairobi]", "LOCATION"}}, true,
			"· NAME NAME O LOCATION LOCATION LOCATION ·",
		},
		"no entities":      {"Achieng is old", nil, false, "· O · O O ·"},
		"outside is all O": {"Achieng is old", nil, true, "· O O O O ·"},
		"every word of a span": {
			"from Nairobi West, Kisumu", []span{{"from [Nairobi West], Kisumu", "LOCATION"}}, false,
			"· O LOCATION · · LOCATION O O ·",
		},
		"punctuation inside a span": {
			"from Nairobi-West", []span{{"from [Nairobi-West]", "LOCATION"}}, false,
			"· O LOCATION · · LOCATION LOCATION ·",
		},
		"a number in parts": {
			"+254 72200", []span{{"[+254 72200]", "PHONE_NUMBER"}}, false,
			"· PHONE_NUMBER PHONE_NUMBER PHONE_NUMBER · · ·",
		},
		"after emoji and accents": {
			"😀 é José from Kisumu", // é is two code points, José four, each of one byte or more
			[]span{{"😀 é [José] from Kisumu", "NAME"}, {"😀 é José from [Kisumu]", "LOCATION"}}, false,
			"· O O NAME O LOCATION ·",
		},
		"a decomposed letter": {
			"e\u0301 Kisumu", []span{{"e\u0301 [Kisumu]", "LOCATION"}}, false,
			"· O LOCATION ·",
		},
		"beyond the basic plane": {
			"𝔸𝔸𝔸 Kisumu of", []span{{"𝔸𝔸𝔸 [Kisumu] of", "LOCATION"}}, false,
			"· O LOCATION O ·",
		},
		"dropped characters": {
			"\u200b\x00Kisumu of", []span{{"\u200b\x00[Kisumu] of", "LOCATION"}}, false,
			"· LOCATION O ·",
		},
		"a span that ends inside a word": {
			"Achieng from", []span{{"[Ach]ieng from", "NAME"}}, false,
			"· NAME · O ·",
		},
		"a span that begins inside a word": {
			"Achieng from", []span{{"Ach[ieng] from", "NAME"}}, false,
			"· NAME · O ·",
		},
		"a span of two half words": {
			"Achieng Nairobi", []span{{"Achi[eng Nai]robi", "NAME"}}, false,
			"· NAME · NAME · · ·",
		},
		"a span of spaces": {"A  B", []span{{"A[  ]B", "NAME"}}, false, "· O O ·"},
		"overlap, the longer first": {
			"Achieng", []span{{"[Achie]ng", "NAME"}, {"Achi[eng]", "VICTIM"}}, false,
			"· NAME · ·",
		},
		"overlap, the longer last": {
			"Achieng", []span{{"[Ach]ieng", "NAME"}, {"Ac[hieng]", "VICTIM"}}, false,
			"· VICTIM · ·",
		},
		"the same span twice": {
			"Achieng", []span{{"[Achieng]", "NAME"}, {"[Achieng]", "VICTIM"}}, false,
			"· NAME · ·",
		},
		"one inside the other": {
			"Achieng of Kisumu", []span{{"[Achieng of Kisumu]", "PERPETRATOR"}, {"Achieng of [Kisumu]", "LOCATION"}}, false,
			"· PERPETRATOR · PERPETRATOR PERPETRATOR ·",
		},
	} {
		t.Run(name, func(t *testing.T) {
			idOf := map[string]int64{}
			for id, label := range tasks.NERLabels() {
				idOf[label] = int64(id)
			}
			var entities []Entity
			for _, s := range c.spans {
				entities = append(entities, entity(t, s.marked, s.label))
			}
			var got []string
			for _, id := range AlignEntities(testTokenizer(t).Encode(c.text), entities, idOf, c.all) {
				if id == tasks.IgnoreToken {
					got = append(got, ignored)
				} else {
					got = append(got, tasks.NERLabels()[id])
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}
