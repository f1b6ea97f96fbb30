package tokenize_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// BenchmarkEncode measures one thread with a vocabulary of distilbert-base-cased's
// size, made of the calls as bench/prepare makes it: on calls whose words are new
// to the tokenizer or known, and on 256 KiB of random words that are all new.
func BenchmarkEncode(b *testing.B) {
	var calls []string
	for r := range synth.Cases(synth.Options{Cases: 300, Seed: 42}) {
		calls = append(calls, string(r.Narrative))
	}
	for name, options := range map[string]tokenize.Options{"cased": {}, "uncased": {LowerCase: true}} {
		vocab, err := tokenize.Train(b.Context(), slices.Values(calls), 4000, options)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; len(vocab) < 28996; i++ {
			vocab = append(vocab, fmt.Sprintf("[unused%d]", i))
		}
		fresh := func(b *testing.B) *tokenize.Tokenizer {
			tok, err := tokenize.New(vocab, options)
			if err != nil {
				b.Fatal(err)
			}
			return tok
		}
		b.Run(name+"/known words", func(b *testing.B) {
			tok := fresh(b)
			encodeAll(tok, calls)
			tokens := 0
			for b.Loop() {
				tokens += encodeAll(tok, calls)
			}
			perSecond(b, tokens)
		})
		b.Run(name+"/first pass", func(b *testing.B) {
			tokens := 0
			for range b.N {
				b.StopTimer()
				tok := fresh(b)
				b.StartTimer()
				tokens += encodeAll(tok, calls)
			}
			perSecond(b, tokens)
		})
		for _, letters := range []int{6, 10, 16, 100} {
			b.Run(fmt.Sprintf("%s/new words of %d letters", name, letters), func(b *testing.B) {
				tok, random, tokens := fresh(b), rand.New(rand.NewPCG(1, 2)), 0
				for range b.N {
					b.StopTimer()
					text := randomWords(random, letters, 256<<10)
					b.StartTimer()
					tokens += encodeAll(tok, []string{text})
				}
				perSecond(b, tokens)
			})
		}
	}
}

func encodeAll(tok *tokenize.Tokenizer, texts []string) (tokens int) {
	for _, text := range texts {
		tokens += len(tok.Encode(text).IDs)
	}
	return tokens
}

func perSecond(b *testing.B, tokens int) {
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}

// randomWords is a text of at most size bytes: words of so many of the alphabet's letters.
func randomWords(random *rand.Rand, letters, size int) string {
	var text strings.Builder
	for text.Len()+letters < size {
		for range letters {
			text.WriteByte(byte('a' + random.IntN(26)))
		}
		text.WriteByte(' ')
	}
	return text.String()
}
