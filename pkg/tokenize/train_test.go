package tokenize_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

var prose = []string{
	"hug hug hug pug pun bun hugs, hugs",
	"the caller said that the caller's daughter is safe",
	"Café café CAFÉ",
	"mtoto wa mama, watoto wa mama",
}

func TestTrain(t *testing.T) {
	// "ab" stands there 3 times, "cb" twice, the pairs of "sep" once.
	got, err := tokenize.Train(t.Context(), slices.Values([]string{"ab ab ab", "cb cb x [SEP]"}), 100, tokenize.Options{LowerCase: true})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] [ ] a b c e p s x ##b ##e ##p ab cb")
	// "b", "e" and "p" stand only within words here, but may start one elsewhere.
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestTrainIsDeterministic(t *testing.T) {
	train := func(texts []string) []string {
		vocab, err := tokenize.Train(t.Context(), slices.Values(texts), 120, tokenize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return vocab
	}
	first := train(prose)
	for range 20 {
		if again := train(prose); !slices.Equal(again, first) {
			t.Fatalf("got %q\nthen %q", first, again)
		}
	}
	reversed := slices.Clone(prose)
	slices.Reverse(reversed)
	if again := train(reversed); !slices.Equal(again, first) {
		t.Errorf("another order of texts gave %q\nnot %q", again, first)
	}
}

func TestTrainCoversTheTexts(t *testing.T) {
	for size, want := range map[int]int{60: 60, 65: 65, 1000: 69} { // 69: no pair left that stands there twice
		vocab, err := tokenize.Train(t.Context(), slices.Values(prose), size, tokenize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(vocab) != want {
			t.Errorf("size %d: %d tokens, want %d", size, len(vocab), want)
		}
		tok, err := tokenize.New(vocab, tokenize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range prose {
			if e := tok.Encode(text); slices.Contains(e.IDs, 1) {
				t.Errorf("size %d: %q has unknown words: %v", size, text, e.IDs)
			}
		}
	}
}

func TestTrainLimitsTheAlphabet(t *testing.T) {
	var text strings.Builder
	for r := rune(0x4e00); r < 0x4e00+1500; r++ {
		fmt.Fprintf(&text, "%c ", r)
	}
	text.WriteString("\u53e0\u53e0 \u53df\u53df") // the last two of the range once more
	vocab, err := tokenize.Train(t.Context(), slices.Values([]string{text.String()}), 2000, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(vocab), 5+1000; got != want {
		t.Errorf("%d tokens, want %d", got, want)
	}
	if !slices.Contains(vocab, "\u53df") || slices.Contains(vocab, "\u53d0") {
		t.Error("the alphabet is not the most frequent characters")
	}
}

func TestTrainErrors(t *testing.T) {
	_, err := tokenize.Train(t.Context(), slices.Values(prose), 20, tokenize.Options{})
	if err == nil || !strings.Contains(err.Error(), "more than the 20 wanted") {
		t.Errorf("too small a size: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tokenize.Train(ctx, slices.Values(prose), 100, tokenize.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
