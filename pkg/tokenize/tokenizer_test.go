package tokenize_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// small is a vocabulary to read by eye.
var small = []string{
	"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "he", "##llo", "hello", "world", "##s", "caf", "##e", "##é", ",", "[", "]", "you", "你", "sep", "x", "##x",
}

func newSmall(t testing.TB, o tokenize.Options) *tokenize.Tokenizer {
	t.Helper()
	tok, err := tokenize.New(small, o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestEncode(t *testing.T) {
	cased, uncased := newSmall(t, tokenize.Options{}), newSmall(t, tokenize.Options{LowerCase: true})
	added := newSmall(t, tokenize.Options{Added: added("<call>", "<call>s", "you")})
	controls := newSmall(t, tokenize.Options{KeepControls: true})
	for _, test := range []struct {
		name   string
		tok    *tokenize.Tokenizer
		text   string
		tokens string // of the content, each as token@word:start-end
	}{
		{"empty", cased, "", ""},
		{"longest match first", cased, "hello hes", "hello@0:0-5 he@1:6-8 ##s@1:8-9"},
		{"no sub-word fits", cased, "hello hex! Hello", "hello@0:0-5 he@1:6-8 ##x@1:8-9 [UNK]@2:9-10 [UNK]@3:11-16"},
		{"cased accents", cased, "café,", "caf@0:0-3 ##é@0:3-4 ,@1:4-5"},
		{"uncased accents", uncased, "CAFÉ cafe\u0301s", "caf@0:0-3 ##e@0:3-4 caf@1:5-8 ##e@1:8-9 ##s@1:10-11"},
		{"CJK", cased, "you你you", "you@0:0-3 你@1:3-4 you@2:4-7"},
		{"special tokens", cased, "[SEP]you[sep][CLS", "[SEP]@0:0-5 you@1:5-8 [@2:8-9 sep@3:9-12 ]@4:12-13 [@5:13-14 [UNK]@6:14-17"},
		{"added tokens, the longest", added, "x<call>s <call>,", "x@0:0-1 <call>s@1:1-8 <call>@2:9-15 ,@3:15-16"},
		{"control characters", cased, "he\x00llo\u200b \ufffd", "hello@0:0-6"},
		{"control characters kept", controls, "you \x07", "you@0:0-3 [UNK]@1:4-5"},
		{"invalid UTF-8", cased, "\xffhe\xc3llo \xe4\xbd", "hello@0:1-7"},
		{"long words", cased, strings.Repeat("x", 101) + " x", "[UNK]@0:0-101 x@1:102-103"},
	} {
		e := test.tok.Encode(test.text)
		if got := readable(test.tok, e); got != test.tokens {
			t.Errorf("%s: %q\n got %s\nwant %s", test.name, test.text, got, test.tokens)
		}
		if last := len(e.IDs) - 1; e.IDs[0] != 2 || e.IDs[last] != 3 || e.Words[0] != -1 || e.Words[last] != -1 {
			t.Errorf("%s: special tokens missing: %v", test.name, e)
		}
	}
}

// readable is an encoding's content, each token as token@word:start-end.
func readable(tok *tokenize.Tokenizer, e tokenize.Encoding) string {
	var list []string
	for i := 1; i < len(e.IDs)-1; i++ {
		list = append(list, tok.Token(e.IDs[i])+"@"+strconv.Itoa(e.Words[i])+":"+strconv.Itoa(e.Offsets[i].Start)+"-"+strconv.Itoa(e.Offsets[i].End))
	}
	return strings.Join(list, " ")
}

func TestLongText(t *testing.T) {
	const n = 50_000
	tok := newSmall(t, tokenize.Options{LowerCase: true})
	e := tok.Encode(strings.Repeat("É you", n/5))
	if got, want := len(e.IDs), 2+2*n/5; got != want {
		t.Fatalf("%d tokens, want %d", got, want)
	}
	if got, want := e.Offsets[len(e.IDs)-2], (tokenize.Span{Start: n - 3, End: n}); got != want {
		t.Errorf("last word at %v, want %v", got, want)
	}
	if e := tok.Encode(strings.Repeat("x", n)); !slices.Equal(e.IDs, []int32{2, 1, 3}) || e.Offsets[1].End != n {
		t.Errorf("one long word became %d tokens", len(e.IDs))
	}
}

// TestManyMarks: a text of nothing but combining marks, of two classes in turns,
// is put in order without comparing each with all others: that would be some
// 10¹⁰ steps, and the test's time would be out.
func TestManyMarks(t *testing.T) {
	tok := newSmall(t, tokenize.Options{LowerCase: true})
	if e := tok.Encode("a" + strings.Repeat("\u0301\u0316", 500_000)); len(e.IDs) != 3 {
		t.Errorf("%d tokens, want one between [CLS] and [SEP]", len(e.IDs))
	}
}

func TestNewErrors(t *testing.T) {
	without := func(token string) []string {
		return slices.DeleteFunc(slices.Clone(small), func(s string) bool { return s == token })
	}
	for _, test := range []struct {
		name    string
		vocab   []string
		options tokenize.Options
		want    string
	}{
		{"nothing", nil, tokenize.Options{}, "vocabulary of 0 entries has no [PAD]"},
		{"no unknown token", without("[UNK]"), tokenize.Options{}, "has no [UNK]"},
		{"no separator", without("[SEP]"), tokenize.Options{}, "has no [SEP]"},
		{"twice", append(slices.Clone(small), "he"), tokenize.Options{}, `"he" stands there twice, as entries 5 and 21`},
		{"empty", append(slices.Clone(small), ""), tokenize.Options{}, "entry 21 is \"\""},
		{"line break", append(slices.Clone(small), "a\nb"), tokenize.Options{}, "entry 21"},
		{"not UTF-8", append(slices.Clone(small), "\xff"), tokenize.Options{}, "entry 21"},
		{"empty added token", small, tokenize.Options{Added: added("")}, "added tokens"},
		{"negative length", small, tokenize.Options{ModelMaxLength: -1}, "model_max_length is -1"},
	} {
		if _, err := tokenize.New(test.vocab, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	if tok, err := tokenize.New(without("[MASK]"), tokenize.Options{}); err != nil || tok.VocabSize() != len(small)-1 {
		t.Errorf("without [MASK]: %v", err)
	}
}

func TestTokens(t *testing.T) {
	tok := newSmall(t, tokenize.Options{Added: added("<call>", "you")})
	for id, want := range map[int32]string{0: "[PAD]", 6: "##llo", 21: "<call>", 22: "", -1: ""} {
		if got := tok.Token(id); got != want {
			t.Errorf("token %d is %q, want %q", id, got, want)
		}
	}
	if tok.VocabSize() != 22 || tok.PadID() != 0 || tok.ModelMaxLength() != 512 {
		t.Errorf("size %d, pad %d, length %d", tok.VocabSize(), tok.PadID(), tok.ModelMaxLength())
	}
}

func TestEncodeConcurrently(t *testing.T) {
	tok := newSmall(t, tokenize.Options{LowerCase: true})
	texts := []string{"hello World", strings.Repeat("CAFÉ, ", 500), "[SEP]你", ""}
	var want []tokenize.Encoding
	for _, text := range texts {
		want = append(want, tok.Encode(text))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				for i, text := range texts {
					if got := tok.Encode(text); !reflect.DeepEqual(got, want[i]) {
						t.Errorf("%q became %v, was %v", text, got, want[i])
					}
				}
			}
		})
	}
	wg.Wait()
}

func FuzzEncode(f *testing.F) {
	for _, text := range []string{"", "hello, world", "CAFÉ cafe\u0301s İ", "[SEP][SEP [CLS]", "he\xffllo\xe4\xbd", "\u0344\u0f73\u0f71 你\U0002f800", "\U0001d15e\U0001d165"} {
		f.Add(text)
	}
	var toks []*tokenize.Tokenizer
	vocab := readVocab(f, "testdata")
	for _, options := range models {
		tok, err := tokenize.New(vocab, options)
		if err != nil {
			f.Fatal(err)
		}
		toks = append(toks, tok)
	}
	toks = append(toks, newSmall(f, tokenize.Options{LowerCase: true, Added: []tokenize.AddedToken{
		{Content: "É!", Normalized: true, LStrip: true}, {Content: "你", Normalized: true, RStrip: true}, {Content: " x", RStrip: true}, {Content: "call", SingleWord: true},
	}}))
	f.Add("e! \u00a0你\u2003 x call, E\u0301! call")
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range toks {
			e := tok.Encode(text)
			checkEncoding(t, tok, text, e)
			// A stray byte is one code point, which the normaliser drops.
			if same := tok.Encode(string([]rune(text))); !reflect.DeepEqual(same, e) {
				t.Errorf("%q became %v, but made valid %v", text, e, same)
			}
		}
	})
}

func checkEncoding(t *testing.T, tok *tokenize.Tokenizer, text string, e tokenize.Encoding) {
	t.Helper()
	n := len(e.IDs)
	if n < 2 || len(e.Words) != n || len(e.Offsets) != n {
		t.Fatalf("%q: lengths %d, %d, %d", text, n, len(e.Words), len(e.Offsets))
	}
	length := utf8.RuneCountInString(text)
	word, at := -1, tokenize.Span{}
	for i := 1; i < n-1; i++ {
		if e.Words[i] != word && e.Words[i] != word+1 {
			t.Errorf("%q: word %d follows word %d", text, e.Words[i], word)
		}
		s := e.Offsets[i]
		if s.Start < at.Start || s.End < at.End || s.End <= s.Start || s.End > length {
			t.Errorf("%q: span %v follows %v", text, s, at)
		}
		if tok.Token(e.IDs[i]) == "" {
			t.Errorf("%q: no token %d", text, e.IDs[i])
		}
		word, at = e.Words[i], s
	}
}
