package pretrain

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"

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
	IDs   []int32 // [CLS] … [SEP]
	call  uint64  // a hash of the call's text, [datasets.Transcript.Normalised]
	first bool    // of the call's pieces
}

// Counts are of the calls that were read.
type Counts struct {
	Calls    int // those with a text
	Tokens   int // of all pieces, [CLS] and [SEP] included
	Long     int // among Calls: longer than a piece
	Repaired int // among Calls: parts of them weren't UTF-8
	Skipped  int // couldn't be read; not among Calls
	Repeats  int // among Calls: with the text of an earlier one
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
	c.Repeats = c.Calls - len(groupsOf(c.Pieces))
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
	hash.Write([]byte(datasets.Transcript(text).Normalised()))
	var list []Piece
	for i, w := range encoding.Windows(maxLength, 0) {
		list = append(list, Piece{IDs: w.IDs, call: hash.Sum64(), first: i == 0})
	}
	return list
}

// Digest is a hash of all pieces, in their order, in hexadecimal. It also changes with the
// way in which repeated calls are split.
func (c Corpus) Digest() string {
	sum := sha256.New()
	var word [4]byte
	for _, p := range c.Pieces {
		for _, id := range p.IDs {
			binary.LittleEndian.PutUint32(word[:], uint32(id))
			sum.Write(word[:])
		}
	}
	if c.Repeats > 0 {
		sum.Write([]byte("repeats count, whatever their white space"))
	}
	return hex.EncodeToString(sum.Sum(nil))[:32]
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
