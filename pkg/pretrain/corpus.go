package pretrain

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"github.com/trident-nlp/trident/internal/parallel"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/label"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Corpus is tokenized calls, in pieces of at most the model's length. A longer call becomes
// several pieces, each with its own [CLS] and [SEP], and loses nothing; a short one is a
// piece by itself. No piece contains parts of two calls. This is run_mlm's line_by_line
// without truncation, rather than group_texts, which concatenates texts: calls are
// unrelated, and as the encoder strips padding (see backbone.Tokens), short pieces cost no
// more per token than full ones.
type Corpus struct {
	Pieces []Piece
	Counts
}

// Piece is a stretch of a call.
type Piece struct {
	IDs  []int32 // [CLS] … [SEP]
	call uint64  // a hash of the call's text
}

// Counts are of the calls that were read.
type Counts struct {
	Calls    int // those with a text
	Tokens   int // of all pieces, [CLS] and [SEP] included
	Long     int // among Calls: longer than a piece
	Repaired int // among Calls: parts of them weren't UTF-8
	Skipped  int // couldn't be read; not among Calls
}

// window is how many calls are encoded at a time, on all cores.
const window = 2048

// ReadCorpus reads the calls of files, folders and patterns; see [label.ReadCalls]. A piece
// has up to maxLength tokens, at least 3. A call that can't be read is an error, or with
// skipBad only counted. Errors name files, lines and records, never a text.
func ReadCorpus(ctx context.Context, inputs []string, tok *tokenize.Tokenizer, maxLength int, skipBad bool) (Corpus, error) {
	if maxLength < 3 {
		return Corpus{}, fmt.Errorf("read calls: pieces of %d tokens; want 3 or more", maxLength)
	}
	var c Corpus
	var texts []string
	for call, err := range label.ReadCalls(inputs) {
		switch {
		case errors.Is(err, label.ErrBadCall) && skipBad:
			c.Skipped++
			continue
		case err != nil:
			return Corpus{}, fmt.Errorf("read calls: %w", err)
		}
		if call.Repaired {
			c.Repaired++
		}
		if texts = append(texts, string(call.Text)); len(texts) == window {
			if err := c.add(ctx, texts, tok, maxLength); err != nil {
				return Corpus{}, err
			}
			texts = texts[:0]
		}
		if err := ctx.Err(); err != nil {
			return Corpus{}, err
		}
	}
	if err := c.add(ctx, texts, tok, maxLength); err != nil {
		return Corpus{}, err
	}
	if c.Calls == 0 {
		return Corpus{}, fmt.Errorf("read calls: there is no call in %q; give files, folders or patterns of calls", inputs)
	}
	return c, nil
}

// add encodes texts on all cores, in their order.
func (c *Corpus) add(ctx context.Context, texts []string, tok *tokenize.Tokenizer, maxLength int) error {
	pieces := make([][]Piece, len(texts))
	if err := parallel.Each(ctx, len(texts), func(i int) error {
		pieces[i] = cut(texts[i], tok, maxLength)
		return nil
	}); err != nil {
		return err
	}
	for _, list := range pieces {
		if len(list) == 0 { // nothing but characters that the tokenizer drops
			continue
		}
		c.Calls++
		if len(list) > 1 {
			c.Long++
		}
		for _, p := range list {
			c.Tokens += len(p.IDs)
		}
		c.Pieces = append(c.Pieces, list...)
	}
	return nil
}

func cut(text string, tok *tokenize.Tokenizer, maxLength int) []Piece {
	encoding := tok.Encode(text)
	if len(encoding.IDs) < 3 {
		return nil
	}
	hash := fnv.New64a()
	hash.Write([]byte(text))
	var list []Piece
	for _, w := range encoding.Windows(maxLength, 0) {
		list = append(list, Piece{IDs: w.IDs, call: hash.Sum64()})
	}
	return list
}

// Split holds back a share of the calls, above 0 and below 1, for evaluation: at least one.
// All pieces of a call, and all calls with the same text, are on the same side. The split
// depends on the seed and the set of calls, not on their order.
func (c Corpus) Split(share float64, seed uint64) (train, val []Piece, err error) {
	if !(share > 0 && share < 1) {
		return nil, nil, fmt.Errorf("hold calls back for evaluation: a share of %v; want more than 0 and less than 1", share)
	}
	different := map[uint64]bool{}
	for _, p := range c.Pieces {
		different[p.call] = true
	}
	calls := make([]uint64, 0, len(different))
	for call := range different {
		calls = append(calls, call)
	}
	if len(calls) < 2 {
		return nil, nil, fmt.Errorf("hold calls back for evaluation: there are %d different calls; want 2 or more", len(calls))
	}
	slices.SortFunc(calls, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(mix(seed, a), mix(seed, b)), cmp.Compare(a, b))
	})
	held := map[uint64]bool{}
	for _, call := range calls[:min(int(math.Ceil(share*float64(len(calls)))), len(calls)-1)] {
		held[call] = true
	}
	for _, p := range c.Pieces {
		if held[p.call] {
			val = append(val, p)
		} else {
			train = append(train, p)
		}
	}
	return train, val, nil
}

// Digest is a hash of all pieces, in their order, in hexadecimal.
func (c Corpus) Digest() string {
	sum := sha256.New()
	var word [4]byte
	for _, p := range c.Pieces {
		for _, id := range p.IDs {
			binary.LittleEndian.PutUint32(word[:], uint32(id))
			sum.Write(word[:])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:32]
}

// mix hashes two numbers.
func mix(a, b uint64) uint64 {
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:8], a)
	binary.LittleEndian.PutUint64(key[8:], b)
	hash := fnv.New64a()
	hash.Write(key[:])
	return hash.Sum64()
}

// Examples makes examples for a [datasets.Loader]; an example's record number is the
// piece's, from 1.
func Examples(pieces []Piece) []datasets.Example {
	list := make([]datasets.Example, len(pieces))
	for i, p := range pieces {
		list[i] = datasets.Example{Record: i + 1, IDs: p.IDs}
	}
	return list
}
