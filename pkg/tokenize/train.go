package tokenize

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
)

const (
	minFrequency = 2    // of a pair that is merged
	maxAlphabet  = 1000 // characters; rarer ones become unknown
)

// Train builds a WordPiece vocabulary of at most size tokens from texts, like the
// WordPieceTrainer of Hugging Face's tokenizers: the special tokens, the alphabet in
// code-point order (once for the start of words, once with "##"), then repeatedly the
// most frequent pair of adjacent sub-words. Of equally frequent pairs, the one found
// first is merged, so the same texts give the same vocabulary. It is smaller than size
// if no pair occurs twice.
func Train(ctx context.Context, texts iter.Seq[string], size int, o Options) ([]string, error) {
	tok, err := New(specialTokens[:], o)
	if err != nil {
		return nil, fmt.Errorf("train vocabulary: %w", err)
	}
	counts, err := tok.countWords(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("train vocabulary: %w", err)
	}
	t := &trainer{ids: map[string]int32{}, pairs: map[pair]int{}}
	for _, token := range specialTokens {
		t.id(token)
	}
	t.addWords(counts)
	if len(t.vocab) > size {
		return nil, fmt.Errorf("train vocabulary: special tokens and alphabet alone are %d tokens, more than the %d wanted; allow more", len(t.vocab), size)
	}
	if err := t.merge(ctx, size); err != nil {
		return nil, fmt.Errorf("train vocabulary: %w", err)
	}
	return t.vocab, nil
}

// countWords counts the normalised words of texts, except those that are too long to be
// split into sub-words.
func (t *Tokenizer) countWords(ctx context.Context, texts iter.Seq[string]) (map[string]*int, error) {
	counts := map[string]*int{}
	var b buffers
	var word []byte
	n := 0
	for text := range texts {
		if n++; n%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		chars, _ := t.normalizer.run(&b, text, 0)
		for w := range words(chars) {
			if len(w) > maxWord {
				continue
			}
			word = appendText(word[:0], w)
			if count := counts[string(word)]; count != nil {
				*count++
			} else {
				counts[string(word)] = new(1)
			}
		}
	}
	return counts, ctx.Err()
}

// pair is two adjacent sub-words.
type pair struct{ left, right int32 }

// trainer holds the growing vocabulary, and the words split with it.
type trainer struct {
	vocab  []string
	ids    map[string]int32
	words  [][]int32 // each distinct word as sub-words
	counts []int     // frequency of each word in the texts
	pairs  map[pair]int
	queue  candidates
}

// id returns a token's id, adding the token if it is new.
func (t *trainer) id(token string) int32 {
	id, found := t.ids[token]
	if !found {
		id = int32(len(t.vocab))
		t.ids[token] = id
		t.vocab = append(t.vocab, token)
	}
	return id
}

// addWords adds the alphabet to the vocabulary and splits the words into characters.
func (t *trainer) addWords(counts map[string]*int) {
	sorted := slices.Sorted(maps.Keys(counts))
	frequency := map[rune]int{}
	inner := map[rune]bool{} // characters inside a word
	for _, word := range sorted {
		for i, r := range word {
			frequency[r] += *counts[word]
			if i > 0 {
				inner[r] = true
			}
		}
	}
	alphabet := slices.SortedFunc(maps.Keys(frequency), func(a, b rune) int {
		return cmp.Or(cmp.Compare(frequency[b], frequency[a]), cmp.Compare(a, b))
	})
	alphabet = alphabet[:min(len(alphabet), maxAlphabet)]
	slices.Sort(alphabet)
	for _, r := range alphabet {
		t.id(string(r))
	}
	for _, r := range alphabet {
		if inner[r] {
			t.id(continuation + string(r))
		}
	}
	for _, word := range sorted {
		var symbols []int32
		for i, r := range word {
			token := string(r)
			if i > 0 {
				token = continuation + token
			}
			if id, found := t.ids[token]; found {
				symbols = append(symbols, id)
			}
		}
		t.words = append(t.words, symbols)
		t.counts = append(t.counts, *counts[word])
	}
}

// merge merges pairs until the vocabulary has size tokens.
func (t *trainer) merge(ctx context.Context, size int) error {
	t.countPairs()
	for step := 0; len(t.vocab) < size && len(t.queue) > 0; step++ {
		if step%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		// A pair's count may have decreased since it was queued.
		best := &t.queue[0]
		if count := t.pairs[best.pair]; count != best.count {
			best.count = count
			heap.Fix(&t.queue, 0)
			continue
		}
		if best.count < minFrequency {
			break
		}
		t.mergePair(heap.Pop(&t.queue).(candidate))
	}
	return ctx.Err()
}

func (t *trainer) countPairs() {
	var found places
	for w, symbols := range t.words {
		for i := range len(symbols) - 1 {
			p := pair{symbols[i], symbols[i+1]}
			t.pairs[p] += t.counts[w]
			found.add(p, w)
		}
	}
	t.enqueue(found)
}

// mergePair replaces every occurrence of c's pair by one token, and queues the pairs of
// the new token and its neighbours.
func (t *trainer) mergePair(c candidate) {
	right, _ := cutContinuation(t.vocab[c.pair.right])
	token := t.id(t.vocab[c.pair.left] + right)
	var found places
	for _, w := range c.words {
		symbols, count := t.words[w], t.counts[w]
		kept := symbols[:0]
		for i := 0; i < len(symbols); i++ {
			if i+1 == len(symbols) || (pair{symbols[i], symbols[i+1]}) != c.pair {
				kept = append(kept, symbols[i])
				continue
			}
			if n := len(kept); n > 0 {
				t.pairs[pair{kept[n-1], c.pair.left}] -= count
				formed := pair{kept[n-1], token}
				t.pairs[formed] += count
				found.add(formed, w)
			}
			if i+2 < len(symbols) {
				t.pairs[pair{c.pair.right, symbols[i+2]}] -= count
				formed := pair{token, symbols[i+2]}
				t.pairs[formed] += count
				found.add(formed, w)
			}
			kept = append(kept, token)
			i++
		}
		t.words[w] = kept
	}
	t.enqueue(found)
}

func (t *trainer) enqueue(found places) {
	for _, p := range found.order {
		if count := t.pairs[p]; count > 0 {
			heap.Push(&t.queue, candidate{p, count, found.words[p]})
		}
	}
}

// places lists the words that contain pairs; pairs are in the order of their first
// occurrence.
type places struct {
	order []pair
	words map[pair][]int
}

// add records that p occurs in word w; w must be ascending.
func (f *places) add(p pair, w int) {
	if f.words == nil {
		f.words = map[pair][]int{}
	}
	list, known := f.words[p]
	switch {
	case !known:
		f.order = append(f.order, p)
	case list[len(list)-1] == w:
		return
	}
	f.words[p] = append(list, w)
}

// candidate is a pair that may be merged, and the words with it.
type candidate struct {
	pair  pair
	count int // when it was queued
	words []int
}

// candidates is a heap with the most frequent pair first.
type candidates []candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	a, b := c[i], c[j]
	return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.pair.left, b.pair.left), cmp.Compare(a.pair.right, b.pair.right)) < 0
}
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}
