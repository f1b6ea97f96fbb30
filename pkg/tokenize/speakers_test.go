package tokenize_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

func speakerVocabulary() []string {
	return append([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, strings.Fields("caller Caller Ca ##ller counselor : hello Hello wamb ##ui ##ũi Wamb !")...)
}

// Labels are single tokens with the next ids and right offsets, also in the saved tokenizer.
func TestWithSpeakers(t *testing.T) {
	for _, lower := range []bool{false, true} {
		plain, err := tokenize.New(speakerVocabulary(), tokenize.Options{LowerCase: lower})
		if err != nil {
			t.Fatal(err)
		}
		tok, err := plain.WithSpeakers([]string{"Counselor:", "Caller:"})
		if err != nil {
			t.Fatal(err)
		}
		size := int32(plain.VocabSize())
		if tok.VocabSize() != plain.VocabSize()+2 || tok.Token(size) != "Counselor:" || tok.Token(size+1) != "Caller:" {
			t.Fatalf("%d tokens, the last two are %q and %q", tok.VocabSize(), tok.Token(size), tok.Token(size+1))
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		saved, err := tokenize.Load(dir)
		if err != nil || !saved.Equal(tok) {
			t.Fatalf("saved, it is another tokenizer: %v", err)
		}
		const text = "Counselor: hello Wambũi!\nCaller: Hello"
		runes := []rune(text)
		for name, tok := range map[string]*tokenize.Tokenizer{"made": tok, "saved": saved} {
			e := tok.Encode(text)
			found := map[int32]tokenize.Span{}
			for i, id := range e.IDs {
				if id >= size {
					found[id] = e.Offsets[i]
				}
			}
			if len(found) != 2 || string(runes[found[size].Start:found[size].End]) != "Counselor:" || string(runes[found[size+1].Start:found[size+1].End]) != "Caller:" {
				t.Errorf("%s, lower case %t: speakers at %v", name, lower, found)
			}
			if e.Words[1] == e.Words[2] || slices.Max(e.Words) < 4 {
				t.Errorf("%s: words %v", name, e.Words)
			}
		}
		if lower != slices.Contains(tok.Encode("caller: hello").IDs, size+1) {
			t.Errorf("lower case %t: caller: is read as %v", lower, tok.Encode("caller: hello").IDs)
		}
		again, err := saved.WithSpeakers([]string{"Caller:"})
		if err != nil || again.VocabSize() != tok.VocabSize() {
			t.Errorf("a known speaker gives %d tokens, %v", again.VocabSize(), err)
		}
	}
}

func TestWithSpeakersRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		lower  bool
		labels []string
		want   string
	}{
		"special":    {false, []string{"[SEP]"}, "special token"},
		"twice":      {false, []string{"A:", "A:"}, "twice"},
		"lower case": {true, []string{"A:", "a:"}, "twice"},
		"empty":      {false, []string{""}, "no token"},
	} {
		tok, err := tokenize.New(speakerVocabulary(), tokenize.Options{LowerCase: c.lower})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tok.WithSpeakers(c.labels); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
