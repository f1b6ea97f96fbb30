package fusion

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// TestEncodeUpTo: what is left out changes nothing of what is kept.
func TestEncodeUpTo(t *testing.T) {
	p, _ := newTestPredictor(t)
	rng := rand.New(rand.NewPCG(1, 1))
	parts := []string{"Help ", "my son", ".", " [CLS] ", "[SEP", "é", "e\u0301", "\u0301 ", "中", "\n", strings.Repeat("x", 99), strings.Repeat("y", 300), "İ", "\u00a0", "-"}
	cut := 0
	for range 200 {
		var b strings.Builder
		for range 1 + rng.IntN(6000) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		text := b.String()
		enough := 1 + rng.IntN(500)
		got, whole := encodeUpTo(text, p.tok, enough)
		want := p.tok.Encode(text)
		if whole {
			if !reflect.DeepEqual(got, want) {
				t.Fatal("the whole text's encoding differs")
			}
			continue
		}
		cut++
		if n := len(got.IDs); n < enough+slack || n > enough+slack+2 {
			t.Fatalf("%d tokens, want about %d", n, enough+slack)
		}
		ws, wants := words(got), words(want)
		for i, w := range ws {
			if w.first > enough {
				break
			}
			if w != wants[i] {
				t.Fatalf("word %d is %+v, want %+v", i, w, wants[i])
			}
		}
		if !reflect.DeepEqual(got.IDs[:enough+1], want.IDs[:enough+1]) {
			t.Fatal("other tokens")
		}
	}
	if cut < 50 {
		t.Errorf("only %d of 200 texts were cut", cut)
	}
}

// TestLongTextsCostTheirBeginning: what the model doesn't read isn't kept, nor
// tokenized where the text can be divided.
func TestLongTextsCostTheirBeginning(t *testing.T) {
	p, _ := newTestPredictor(t)
	for name, text := range map[string]string{
		"words": strings.Repeat("Help ", 50_000), "marks": strings.Repeat(".", 250_000), "one word": strings.Repeat("x", 250_000), "ideographs": strings.Repeat("中", 80_000),
	} {
		r, err := p.Prepare(t.Context(), []datasets.Transcript{datasets.Transcript(text)}, PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.calls[0].enc.IDs); n > predictorLimit+slack+2 {
			t.Errorf("%s: %d tokens are kept of which the model reads %d", name, n, predictorLimit)
		}
		if read := r.Pieces()[0].Tokens(); read > predictorLimit || r.calls[0].truncated() != (name != "one word") {
			t.Errorf("%s: %d tokens are read, truncated %v", name, read, r.calls[0].truncated())
		}
	}
}
