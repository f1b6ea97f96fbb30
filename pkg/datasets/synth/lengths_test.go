package synth_test

import (
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

func TestWords(t *testing.T) {
	full, short := fullSet(), shortSet()
	fullNER, fullCases, fullQA := full.texts()
	shortNER, shortCases, shortQA := short.texts()
	for _, c := range []struct {
		name      string
		texts     []string
		low, high int
	}{
		{"full NER", fullNER, 260, 330}, {"full cases", fullCases, 260, 330}, {"full QA", fullQA, 260, 340},
		{"short NER", shortNER, 50, 90}, {"short cases", shortCases, 50, 90}, {"short QA", shortQA, 100, 190},
	} {
		var lengths []int
		for _, text := range c.texts {
			lengths = append(lengths, len(strings.Fields(text)))
		}
		slices.Sort(lengths)
		if median := lengths[len(lengths)/2]; median < c.low || median > c.high {
			t.Errorf("%s: %d words in the median, want %d to %d", c.name, median, c.low, c.high)
		}
	}
}

// Two of the 2,000 entity records are over 512 tokens by far, and the others
// under it: with a vocabulary made from the data, and with one that knows
// neither names nor places nor Swahili nouns and cuts them to pieces.
func TestOverLength(t *testing.T) {
	ner, cases, qa := fullSet().texts()
	name := regexp.MustCompile(`[\p{Lu}\p{N}][\p{L}\p{N}'/]*`)
	var nameless []string
	for _, text := range ner {
		nameless = append(nameless, name.ReplaceAllString(text, ""))
	}
	for _, c := range []struct {
		name         string
		texts        []string
		size         int
		most, atWhat int // tokens of the longest that fits, and of the shortest that doesn't
	}{
		{"4,096 from the data", slices.Concat(ner, cases, qa), 4096, 450, 900},
		{"8,192 from the data", slices.Concat(ner, cases, qa), 8192, 450, 900},
		{"without names", nameless, 8192, 505, 1000},
	} {
		lengths := tokenCounts(t, c.texts, c.size, ner)
		fits, over := lengths[len(lengths)-3], lengths[len(lengths)-2]
		if fits > c.most || over < c.atWhat {
			t.Errorf("%s: the third longest has %d tokens, want at most %d; the second longest %d, want at least %d",
				c.name, fits, c.most, over, c.atWhat)
		}
	}
}

// tokenCounts gives the sorted lengths of texts, special tokens included, in a
// vocabulary made from the corpus.
func tokenCounts(t *testing.T, corpus []string, size int, texts []string) []int {
	t.Helper()
	vocab, err := tokenize.Train(context.Background(), slices.Values(corpus), size, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.New(vocab, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lengths []int
	for _, text := range texts {
		lengths = append(lengths, len(tok.Encode(text).IDs))
	}
	slices.Sort(lengths)
	return lengths
}

// Taking only some records makes only those.
func TestStopsEarly(t *testing.T) {
	o := synth.Defaults()
	if got := take(synth.NER(o)) + take(synth.Cases(o)) + take(synth.QA(o)); got != 6 {
		t.Errorf("took %d records, want 6", got)
	}
}

func take[T any](records iter.Seq[T]) int {
	n := 0
	for range records {
		if n++; n == 2 {
			break
		}
	}
	return n
}
