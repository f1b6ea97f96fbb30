package tokenize

// Cuts says where a text is cut into windows; see [Encoding.Cut].
type Cuts struct {
	tokens, content, step, count int

	uneven []place // the windows, if they aren't every step tokens
}

// place is the content of a window: the text's tokens [first, end).
type place struct{ first, end int }

// CutsOf returns the windows of at most limit tokens, which share overlap, of a text of
// that many tokens. All three are as in [Encoding.Windows]: tokens and limit include [CLS]
// and [SEP].
func CutsOf(tokens, limit, overlap int) Cuts {
	limit = max(limit, 3)
	if tokens <= limit {
		return Cuts{tokens: tokens, content: max(tokens-2, 0), step: limit - 2, count: 1}
	}
	content := limit - 2
	step := content - min(max(overlap, 0), content-1)
	return Cuts{tokens: tokens, content: content, step: step, count: 1 + (tokens-2-content+step-1)/step}
}

// Count returns the number of windows, which is 1 or more.
func (c Cuts) Count() int { return c.count }

// Window returns the content of window i: the text's tokens [first, end), without [CLS] and
// [SEP].
func (c Cuts) Window(i int) (first, end int) {
	if c.uneven != nil {
		return c.uneven[i].first, c.uneven[i].end
	}
	first = 1 + i*c.step
	return first, max(first, min(first+c.content, c.tokens-1))
}

// Length returns the number of tokens of window i, including its [CLS] and [SEP].
func (c Cuts) Length(i int) int {
	if c.count == 1 {
		return c.tokens
	}
	first, end := c.Window(i)
	return end - first + 2
}

// Tokens returns the total number of tokens of all windows, including their [CLS] and [SEP].
func (c Cuts) Tokens() int {
	if c.uneven != nil {
		n := 0
		for i := range c.uneven {
			n += c.Length(i)
		}
		return n
	}
	last := c.count - 1
	return last*(c.content+2) + c.Length(last)
}

// Central returns the window in which a token of the text is farthest from the nearer edge
// of the window's content, the earlier of two. It is the first window for the text's [CLS],
// and the last for its [SEP].
func (c Cuts) Central(token int) int {
	for lo, hi := 0, c.count-1; ; {
		if lo == hi {
			return lo
		}
		mid := (lo + hi) / 2
		if _, end := c.Centre(mid); token < end {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
}

// Centre returns the part [first, end) of a window's content of which the window is
// [Cuts.Central]: the parts of all windows are the text's content, each token once.
func (c Cuts) Centre(i int) (first, end int) {
	first, end = c.Window(i)
	if i > 0 {
		first = c.border(i - 1)
	}
	if i < c.count-1 {
		end = c.border(i)
	}
	return first, end
}

// border is the first token that is more central in window i+1 than in window i. Token t is
// if t - first(i+1) > end(i) - 1 - t, as the other two edges are farther away. Windows begin
// and end in order, so borders are in order, too, and a token between two of them is most
// central in that window of all.
func (c Cuts) border(i int) int {
	_, end := c.Window(i)
	next, _ := c.Window(i + 1)
	return (next + end + 1) / 2
}
