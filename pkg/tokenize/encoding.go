package tokenize

import "slices"

// Span is half-open, in Unicode code points of the text. Each byte of invalid UTF-8
// counts as one code point.
type Span struct{ Start, End int }

// Encoding is one text as sub-words, [CLS] first and [SEP] last. Its slices
// have the same length.
type Encoding struct {
	IDs     []int32
	Words   []int  // index of each token's word, -1 for [CLS] and [SEP]
	Offsets []Span // position of each token in the text, {0, 0} for [CLS] and [SEP]
}

// Window is a part of a longer encoding.
type Window struct {
	Encoding
	First int // index in the whole encoding of the first content token
}

// Truncate returns the first limit-1 tokens and the [SEP], or e if it has at most limit
// tokens. A limit below 2 counts as 2. The result shares e's slices if nothing is
// removed; otherwise they are copies.
func (e Encoding) Truncate(limit int) Encoding {
	limit = max(limit, 2)
	if len(e.IDs) <= limit {
		return e
	}
	return e.cut(1, limit-1)
}

// Windows splits an encoding of more than limit tokens into windows of at most limit,
// each with its own [CLS] and [SEP]. Adjacent windows share overlap content tokens; the
// last may be shorter. A shorter encoding is its own only window. A limit below 3 counts
// as 3, and overlap is limited to 0…limit-3, so that every window has new tokens.
func (e Encoding) Windows(limit, overlap int) []Window {
	return e.Cut(CutsOf(len(e.IDs), limit, overlap))
}

// Cut splits an encoding into the windows of cuts, which must be of as many tokens.
func (e Encoding) Cut(cuts Cuts) []Window {
	if cuts.Count() == 1 {
		return []Window{{Encoding: e, First: min(1, len(e.IDs))}}
	}
	windows := make([]Window, cuts.Count())
	for i := range windows {
		first, end := cuts.Window(i)
		windows[i] = Window{Encoding: e.cut(first, end), First: first}
	}
	return windows
}

// WindowTokens returns the total number of tokens in all windows of [Encoding.Windows],
// without creating them.
func (e Encoding) WindowTokens(limit, overlap int) int {
	return CutsOf(len(e.IDs), limit, overlap).Tokens()
}

// cut copies the content tokens [first, end), between [CLS] and [SEP].
func (e Encoding) cut(first, end int) Encoding {
	last := len(e.IDs) - 1
	return Encoding{
		IDs:     slices.Concat(e.IDs[:1], e.IDs[first:end], e.IDs[last:]),
		Words:   slices.Concat(e.Words[:1], e.Words[first:end], e.Words[last:]),
		Offsets: slices.Concat(e.Offsets[:1], e.Offsets[first:end], e.Offsets[last:]),
	}
}
