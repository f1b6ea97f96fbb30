package synth_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// The share of entity records that have each thing that a model must not take for an
// entity, or must read past. None may vanish, and none may take over.
func TestBreadth(t *testing.T) {
	short, full := ordinaryTexts(shortSet().ner), ordinaryTexts(fullSet().ner)
	for _, c := range []struct {
		what                string
		pattern             string
		short, full, atMost float64 // least share in short and full calls; most in short ones
	}{
		{"a contraction", `\b(I|[Ii]t|[Tt]hat|[Yy]ou|[Ww]e|[Dd]on|isn|can|she|he)'(m|s|re|ll|t|ve)\b`, 0.45, 0.5, 0.9},
		{"a note on the voice", `\([a-z ]+\) `, 0.04, 0.05, 0.2},
		{"a sentence that trails off", `\.\.\.`, 0.05, 0.1, 0.3},
		{"a title or address", `\b(Sir|Madam|Ma'am|Mama|Doctor|Officer|Bwana|Mzee|Mwalimu)\b`, 0.03, 0.1, 0.3},
		{"a day or month", `\b(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|August|December)\b`, 0.08, 0.25, 0.4},
		{"money", `\bKSh \d|\d (bob|shillings)|\d/=`, 0.002, 0.02, 0.15},
		{"quotation marks", `"[A-Za-z ]+"`, 0.01, 0.03, 0.15},
		{"an office", `\b(Unit|Office|Desk|Ministry|Department|Committee|Council|Network|Programme|Agency)\b`, 0.01, 0.02, 0.2},
	} {
		pattern := regexp.MustCompile(c.pattern)
		if share := shareOf(short, pattern); share < c.short || share > c.atMost {
			t.Errorf("%s is in %.3f of the short calls, want %.2f to %.2f", c.what, share, c.short, c.atMost)
		}
		if share := shareOf(full, pattern); share < c.full {
			t.Errorf("%s is in %.3f of the full calls, want %.2f", c.what, share, c.full)
		}
	}
}

// shareOf returns the share of the texts that match.
func shareOf(texts []string, pattern *regexp.Regexp) float64 {
	n := 0
	for _, text := range texts {
		if pattern.MatchString(text) {
			n++
		}
	}
	return float64(n) / float64(len(texts))
}

// ordinaryTexts returns the records' texts without their entities.
func ordinaryTexts(records []datasets.NERRecord) []string {
	texts := make([]string, len(records))
	for i, r := range records {
		texts[i] = ordinary(r)
	}
	return texts
}

// ordinary returns a record's text without its entities.
func ordinary(r datasets.NERRecord) string {
	var b strings.Builder
	runes, last := []rune(string(r.Text)), 0
	for _, e := range r.Entities {
		b.WriteString(string(runes[last:e.Start]))
		last = e.End
	}
	b.WriteString(string(runes[last:]))
	return b.String()
}

// A number isn't an entity, nor is a capital: many of both are neither.
func TestNegatives(t *testing.T) {
	number, capital := regexp.MustCompile(`\b\d[\d,:/]*\b`), regexp.MustCompile(`[a-z,] (\p{Lu}\p{Ll}+)`)
	for name, s := range map[string]set{"full": fullSet(), "short": shortSet()} {
		numbers, capitals, entities := 0, map[string]bool{}, 0
		for _, r := range s.ner {
			text := ordinary(r)
			numbers += len(number.FindAllString(text, -1))
			for _, match := range capital.FindAllStringSubmatch(text, -1) {
				capitals[match[1]] = true
			}
			entities += len(r.Entities)
		}
		if share := float64(numbers) / float64(len(s.ner)); share < 0.1 {
			t.Errorf("%s: %.3f numbers a call that are no entities", name, share)
		}
		if len(capitals) < 40 {
			t.Errorf("%s: only %d different words with a capital inside a sentence are no entities", name, len(capitals))
		}
	}
}

// Rarity is no evidence of a name: of the words that occur seldom, many are ordinary.
func TestRareWords(t *testing.T) {
	for name, s := range map[string]set{"full": fullSet(), "short": shortSet()} {
		counts := map[string]int{}
		inEntities := map[string]bool{}
		for _, r := range s.ner {
			for _, word := range words(ordinary(r)) {
				counts[word]++
			}
			runes := []rune(string(r.Text))
			for _, e := range r.Entities {
				for _, word := range words(string(runes[e.Start:e.End])) {
					counts[word]++
					inEntities[word] = true
				}
			}
		}
		rare, plain := 0, 0
		for word, n := range counts {
			if n <= 20 {
				rare++
				if !inEntities[word] {
					plain++
				}
			}
		}
		if share := float64(plain) / float64(rare); rare < 500 || share < 0.3 {
			t.Errorf("%s: of %d rare words %.2f are ordinary", name, rare, share)
		}
	}
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
}

// Some names of persons and places occur once or twice, as in real calls, but most
// mentions are of common ones.
func TestUncommonNames(t *testing.T) {
	for name, c := range map[string]struct {
		set       set
		low, high float64
	}{"full": {fullSet(), 0.02, 0.3}, "short": {shortSet(), 0.01, 0.15}} {
		for _, label := range []string{"NAME", "LOCATION"} {
			mentions, total := map[string]map[int]bool{}, 0
			spans(c.set.ner, func(record int, runes []rune, e datasets.Entity) {
				if e.Label != label {
					return
				}
				for _, word := range strings.Fields(string(runes[e.Start:e.End])) {
					if mentions[word] == nil {
						mentions[word] = map[int]bool{}
					}
					mentions[word][record] = true
				}
				total++
			})
			rare := 0
			for _, records := range mentions {
				if len(records) <= 2 {
					rare++
				}
			}
			if share := float64(rare) / float64(total); share < c.low || share > c.high {
				t.Errorf("%s: %d names of label %s are in one or two calls, %.3f of the mentions", name, rare, label, share)
			}
		}
	}
}
