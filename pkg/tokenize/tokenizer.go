package tokenize

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/sugarme/tokenizer/model"
)

// The standard tokens of every vocabulary.
const (
	PadToken     = "[PAD]"
	UnknownToken = "[UNK]"
	CLSToken     = "[CLS]"
	SepToken     = "[SEP]"
	MaskToken    = "[MASK]" // optional
)

// specialTokens are added tokens of every tokenizer.
var specialTokens = [...]string{PadToken, UnknownToken, CLSToken, SepToken, MaskToken}

// DefaultMaxLength is the number of positions of BERT and DistilBERT.
const DefaultMaxLength = 512

// Options define how text is split into words. The zero value is that of a cased model.
type Options struct {
	LowerCase      bool
	StripAccents   *bool        // nil: same as LowerCase
	KeepChinese    bool         // don't split CJK ideographs into separate words
	KeepControls   bool         // don't drop control characters
	ModelMaxLength int          // maximum tokens of the model, including [CLS] and [SEP]; 0: DefaultMaxLength
	Added          []AddedToken // in addition to [PAD], [UNK], [CLS], [SEP] and [MASK]; those not in the vocabulary get the next ids
	SplitSpecial   bool         // treat special tokens in the text as text
}

// Tokenizer splits text into sub-words. It is safe for concurrent use.
type Tokenizer struct {
	options    Options
	normalizer normalizer
	model      *wordPiece
	tokens     []string     // by id: vocabulary, then added tokens
	vocabSize  int          // number of tokens in the vocabulary
	added      []addedToken // in the order in which they were added
	raw        matcher      // finds added tokens in the original text,
	normal     matcher      // and in the normalised text
	pad        int32
	cls, sep   int32
	scratch    sync.Pool // of *scratch
}

// scratch is the working memory of one call of Encode.
type scratch struct {
	buffers
	pieces     []piece
	word, text []byte
	tries      int // left for the model
}

// New returns the tokenizer of a vocabulary, in which each token's index is its id. It
// must contain [PAD], [UNK], [CLS] and [SEP], and no duplicates.
func New(vocab []string, o Options) (*Tokenizer, error) {
	ids := make(model.Vocab, len(vocab))
	for id, token := range vocab {
		if token == "" || !utf8.ValidString(token) || strings.ContainsAny(token, "\r\n") {
			return nil, fmt.Errorf("vocabulary: entry %d is %q, which is no token; give it a name such as [unused%[1]d]", id, token)
		}
		if first, twice := ids[token]; twice {
			return nil, fmt.Errorf("vocabulary: %q stands there twice, as entries %d and %d; rename one of them", token, first, id)
		}
		ids[token] = id
	}
	for _, token := range specialTokens[:4] {
		if _, found := ids[token]; !found {
			return nil, fmt.Errorf("vocabulary of %d entries has no %s; is it a BERT WordPiece vocabulary?", len(vocab), token)
		}
	}
	if o.ModelMaxLength < 0 {
		return nil, fmt.Errorf("model_max_length is %d; it must be positive", o.ModelMaxLength)
	}
	if o.ModelMaxLength == 0 {
		o.ModelMaxLength = DefaultMaxLength
	}
	t := &Tokenizer{
		options: o,
		normalizer: normalizer{
			keepControls: o.KeepControls,
			keepChinese:  o.KeepChinese,
			lowerCase:    o.LowerCase,
			stripAccents: o.stripsAccents(),
		},
		model:     newWordPiece(ids),
		tokens:    slices.Clone(vocab),
		vocabSize: len(vocab),
		pad:       int32(ids[PadToken]),
		cls:       int32(ids[CLSToken]),
		sep:       int32(ids[SepToken]),
	}
	for _, token := range specialTokens {
		if _, known := ids[token]; !known {
			continue // [MASK]
		}
		if err := t.add(Special(token)); err != nil {
			return nil, fmt.Errorf("added tokens: %w", err)
		}
	}
	for _, token := range o.Added {
		if err := t.add(token); err != nil {
			return nil, fmt.Errorf("added tokens: %w", err)
		}
	}
	if err := t.buildMatchers(); err != nil {
		return nil, fmt.Errorf("added tokens: %w", err)
	}
	t.scratch.New = func() any { return new(scratch) }
	return t, nil
}

// Encode returns text as sub-words with [CLS] and [SEP]. It never truncates.
func (t *Tokenizer) Encode(text string) Encoding {
	guess := len(text)/4 + 8
	e := Encoding{IDs: make([]int32, 0, guess), Words: make([]int, 0, guess), Offsets: make([]Span, 0, guess)}
	e.append(t.cls, -1, Span{})
	s := t.scratch.Get().(*scratch)
	s.tries = len(text) / bytesPerTry
	at, pos, words := 0, 0, 0 // at is the number of code points in the first pos bytes
	t.raw.split(text, func(start, end int, token *addedToken) {
		at -= utf8.RuneCountInString(text[min(start, pos):pos]) // two tokens may overlap
		pos = end
		if token == nil {
			chars, length := t.normalizer.run(&s.buffers, text[start:end], at)
			words = t.appendNormal(&e, s, chars, words)
			at += length
			return
		}
		length := utf8.RuneCountInString(text[start:end])
		e.append(token.id, words, Span{at, at + length})
		at += length
		words++
	})
	t.scratch.Put(s)
	e.append(t.sep, -1, Span{})
	return Encoding{slices.Clip(e.IDs), slices.Clip(e.Words), slices.Clip(e.Offsets)}
}

// appendNormal appends the tokens of a normalised stretch of the text to e, as
// [Tokenizer.appendWords] does.
func (t *Tokenizer) appendNormal(e *Encoding, s *scratch, chars []char, word int) int {
	if len(t.normal.tokens) == 0 {
		return t.appendWords(e, s, chars, word)
	}
	s.text = appendText(s.text[:0], chars)
	var at, pos int // at is the number of characters in the first pos bytes
	seek := func(to int) int {
		for ; pos < to; at++ {
			pos += utf8.RuneLen(chars[at].r)
		}
		for ; pos > to; at-- {
			pos -= utf8.RuneLen(chars[at-1].r)
		}
		return at
	}
	t.normal.split(string(s.text), func(start, end int, token *addedToken) {
		first, last := seek(start), seek(end)
		if token == nil {
			word = t.appendWords(e, s, chars[first:last], word)
			return
		}
		e.append(token.id, word, Span{int(chars[first].start), int(chars[last-1].end)})
		word++
	})
	return word
}

// appendWords appends the sub-words of chars to e. word is the index of the first word;
// it returns the next one.
func (t *Tokenizer) appendWords(e *Encoding, s *scratch, chars []char, word int) int {
	for w := range words(chars) {
		start := int32(0)
		for _, p := range t.model.cut(s, w) {
			e.append(p.id, word, Span{int(w[start].start), int(w[p.end-1].end)})
			start = p.end
		}
		word++
	}
	return word
}

// words splits normalised text at spaces and around punctuation.
func words(chars []char) iter.Seq[[]char] {
	return func(yield func([]char) bool) {
		for start := 0; start < len(chars); {
			end := start + 1
			switch first := chars[start].class; {
			case first&space != 0:
				start = end
				continue
			case first&punct == 0:
				for end < len(chars) && chars[end].class&(space|punct) == 0 {
					end++
				}
			}
			if !yield(chars[start:end]) {
				return
			}
			start = end
		}
	}
}

func (e *Encoding) append(id int32, word int, at Span) {
	e.IDs = append(e.IDs, id)
	e.Words = append(e.Words, word)
	e.Offsets = append(e.Offsets, at)
}

// Token returns the token of an id, or "" if there is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.tokens) {
		return ""
	}
	return t.tokens[id]
}

// VocabSize returns the number of ids, including added tokens.
func (t *Tokenizer) VocabSize() int { return len(t.tokens) }

// PadID returns the id of [PAD].
func (t *Tokenizer) PadID() int32 { return t.pad }

// UnknownID returns the id of [UNK].
func (t *Tokenizer) UnknownID() int32 { return t.model.unknown }

// ModelMaxLength returns the maximum number of tokens of the model, including [CLS] and
// [SEP].
func (t *Tokenizer) ModelMaxLength() int { return t.options.ModelMaxLength }

// SetModelMaxLength changes the value of [Tokenizer.ModelMaxLength]; it must be
// positive. The tokenizer must not be in use.
func (t *Tokenizer) SetModelMaxLength(n int) { t.options.ModelMaxLength = n }

// Equal reports whether two tokenizers give the same tokens for every text.
func (t *Tokenizer) Equal(other *Tokenizer) bool {
	return slices.Equal(t.tokens, other.tokens) && t.vocabSize == other.vocabSize && t.normalizer == other.normalizer &&
		slices.Equal(t.addedByID(), other.addedByID()) && t.options.SplitSpecial == other.options.SplitSpecial
}

func cutContinuation(token string) (string, bool) {
	rest, found := strings.CutPrefix(token, continuation)
	return rest, found && rest != ""
}
