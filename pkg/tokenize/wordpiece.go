package tokenize

import "unicode/utf8"

// continuation marks a sub-word that does not start a word.
const continuation = "##"

// maxWord is the longest word, in code points, that is cut into sub-words;
// a longer one is unknown.
const maxWord = 100

// wordPiece is the model: the longest sub-word first, from left to right.
type wordPiece struct {
	starts, rests map[string]int32 // sub-words that start a word, and the others without "##"
	longest       int              // of them, in bytes
	unknown       int32
}

func newWordPiece(vocab []string, unknown int32) *wordPiece {
	w := &wordPiece{starts: make(map[string]int32, len(vocab)), rests: map[string]int32{}, unknown: unknown}
	for id, token := range vocab {
		w.starts[token] = int32(id)
		if rest, found := cutContinuation(token); found {
			w.rests[rest] = int32(id)
		}
		w.longest = max(w.longest, len(token))
	}
	return w
}

// piece is a sub-word: its id and its first and past-the-last character in the word.
type piece struct {
	id         int32
	start, end int
}

// cut appends word's sub-words to pieces, or the unknown token if it has none.
// buf is for scratch and returned for the next call.
func (w *wordPiece) cut(pieces []piece, word []char, buf []byte) ([]piece, []byte) {
	whole := piece{w.unknown, 0, len(word)}
	if len(word) > maxWord {
		return append(pieces, whole), buf
	}
	buf = buf[:0]
	var ends [maxWord + 1]int // of each character, in bytes
	for i, c := range word {
		buf = utf8.AppendRune(buf, c.r)
		ends[i+1] = len(buf)
	}
	before := len(pieces)
	known := w.starts
	for start := 0; start < len(word); {
		end := len(word)
		for ends[end]-ends[start] > w.longest && end > start {
			end--
		}
		for ; end > start; end-- {
			if id, found := known[string(buf[ends[start]:ends[end]])]; found {
				pieces = append(pieces, piece{id, start, end})
				break
			}
		}
		if end == start {
			return append(pieces[:before], whole), buf
		}
		start, known = end, w.rests
	}
	return pieces, buf
}

// appendText appends chars to buf in UTF-8.
func appendText(buf []byte, chars []char) []byte {
	for _, c := range chars {
		buf = utf8.AppendRune(buf, c.r)
	}
	return buf
}
