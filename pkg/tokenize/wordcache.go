package tokenize

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
)

const (
	cacheSets  = 1 << 14 // each of two words
	cachedWord = 32      // bytes; longer words are too rare to be worth the memory
)

// wordCache caches the sub-words of words. It takes at most 12 MB: two words per set, of
// at most cachedWord bytes and as many sub-words. It is safe for concurrent use without
// locks, since an entry is replaced, never changed. A new word takes the first place of
// its set, and moves the previous one to the second.
type wordCache struct {
	seed maphash.Seed
	sets []cacheSet
}

type cacheSet [2]atomic.Pointer[cacheEntry]

type cacheEntry struct {
	word   string
	pieces []piece
}

func newWordCache() wordCache {
	return wordCache{seed: maphash.MakeSeed(), sets: make([]cacheSet, cacheSets)}
}

func (c *wordCache) hash(word []byte) uint64 { return maphash.Bytes(c.seed, word) }

// get returns word's sub-words, which must not be changed, or nil.
func (c *wordCache) get(hash uint64, word []byte) []piece {
	set := &c.sets[hash%cacheSets]
	for i := range set {
		if entry := set[i].Load(); entry != nil && entry.word == string(word) {
			return entry.pieces
		}
	}
	return nil
}

// put stores a copy of word's sub-words.
func (c *wordCache) put(hash uint64, word string, pieces []piece) {
	if len(word) > cachedWord {
		return
	}
	set := &c.sets[hash%cacheSets]
	set[1].Store(set[0].Swap(&cacheEntry{word, slices.Clone(pieces)}))
}
