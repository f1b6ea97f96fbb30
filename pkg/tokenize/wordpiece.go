package tokenize

import (
	"unicode/utf8"

	"github.com/sugarme/tokenizer/model"
	"github.com/sugarme/tokenizer/model/wordpiece"
)

// continuation marks a sub-word that does not start a word.
const continuation = "##"

// maxWord is the maximum length of a word, in code points; longer words are unknown.
const maxWord = 100

// bytesPerTry is the number of bytes of text for which the model gets one try at a
// sub-word.
const bytesPerTry = 6

// wordPiece splits words into sub-words, longest match first, from left to right.
//
// sugarme's model is used if that is cheap. It creates a string for every prefix of a
// word, longest first, and again for the rest after each sub-word: up to n(n+1)/2 tries
// for n characters, about 150 ns each. For random new words it has a tenth of walk's
// speed at 6 letters and a sixtieth at 100, where 256 KiB of text would take 6 s instead
// of 0.1. So the model gets one try per bytesPerTry bytes of a text; the rest is split
// by walk, into the same sub-words. Calls from datagen are split by the model alone,
// even without a cache.
type wordPiece struct {
	model   wordpiece.WordPiece
	vocab   model.Vocab // of the model
	longest int         // longest token, in bytes
	unknown int32
	known   wordCache
}

// newWordPiece returns the model for a vocabulary, which must contain [UNK].
func newWordPiece(vocab model.Vocab) *wordPiece {
	w := &wordPiece{
		model: wordpiece.NewWordPieceBuilder().Vocab(&vocab).UnkToken(UnknownToken).
			ContinuingSubwordPrefix(continuation).MaxInputCharsPerWord(maxWord).Build(),
		vocab:   vocab,
		unknown: int32(vocab[UnknownToken]),
		known:   newWordCache(),
	}
	for token := range vocab {
		w.longest = max(w.longest, len(token))
	}
	return w
}

// piece is a sub-word: its id, and its end in the word, in characters. It starts at the
// end of the previous one.
type piece struct{ id, end int32 }

// cut returns word's sub-words, or the unknown token if it has none. They are valid
// until the next call with s, whose tries are the model's remaining tries.
func (w *wordPiece) cut(s *scratch, word []char) []piece {
	n := len(word)
	if n > maxWord {
		s.pieces = w.whole(s.pieces, n)
		return s.pieces
	}
	s.word = appendText(append(s.word[:0], continuation...), word) // walk needs the prefix
	text := s.word[len(continuation):]
	hash := w.known.hash(text)
	if pieces := w.known.get(hash, text); pieces != nil {
		return pieces
	}
	most := n * (n + 1) / 2
	if s.tries < most {
		s.pieces = w.walk(s.pieces, s.word, word)
		return s.pieces
	}
	asked := string(text)
	s.pieces = w.ask(s.pieces, asked, n)
	s.tries -= w.tries(s.pieces, n)
	w.known.put(hash, asked, s.pieces)
	return s.pieces
}

// whole returns the unknown token for a word of n characters, in the memory of pieces.
func (w *wordPiece) whole(pieces []piece, n int) []piece {
	return append(pieces[:0], piece{w.unknown, int32(n)})
}

// ask returns the model's sub-words of word, of n characters, in the memory of pieces.
func (w *wordPiece) ask(pieces []piece, word string, n int) []piece {
	tokens, err := w.model.Tokenize(word)
	if err != nil { // the vocabulary has no [UNK], which New has excluded
		return w.whole(pieces, n)
	}
	pieces = pieces[:0]
	for _, token := range tokens {
		pieces = append(pieces, piece{int32(token.Id), int32(token.Offsets[1])})
	}
	return pieces
}

// tries returns the maximum number of strings that the model created to split a word of
// n characters into pieces.
func (w *wordPiece) tries(pieces []piece, n int) int {
	if pieces[0].id == w.unknown {
		return n * (n + 1) / 2
	}
	made := 0
	for _, p := range pieces {
		made += n - int(p.end) + 1
	}
	return made
}

// walk returns the same as [wordPiece.ask] without creating strings. buf is the word
// with the prefix "##", and is overwritten.
func (w *wordPiece) walk(pieces []piece, buf []byte, word []char) []piece {
	var ends [maxWord + 1]int // of each character, in bytes of buf
	ends[0] = len(continuation)
	for i, c := range word {
		ends[i+1] = ends[i] + utf8.RuneLen(c.r)
	}
	pieces = pieces[:0]
	for start := 0; start < len(word); {
		from := ends[start]
		if start > 0 {
			from -= len(continuation)
			copy(buf[from:], continuation)
		}
		end := len(word)
		for end > start && ends[end]-from > w.longest {
			end--
		}
		for ; end > start; end-- {
			if id, found := w.vocab[string(buf[from:ends[end]])]; found {
				pieces = append(pieces, piece{int32(id), int32(end)})
				break
			}
		}
		if end == start {
			return w.whole(pieces, len(word))
		}
		start = end
	}
	return pieces
}

// appendText appends chars to buf in UTF-8.
func appendText(buf []byte, chars []char) []byte {
	for _, c := range chars {
		buf = utf8.AppendRune(buf, c.r)
	}
	return buf
}
