package tokenize

import "slices"

// TurnStarts returns where turns begin: the positions in ids of tokens that are one of
// speakers, in ascending order.
func TurnStarts[ID int32 | int64](ids []ID, speakers []int32) []int {
	if len(speakers) == 0 {
		return nil
	}
	var starts []int
	for i, id := range ids {
		if slices.Contains(speakers, int32(id)) {
			starts = append(starts, i)
		}
	}
	return starts
}

// CutsAtTurns is [CutsOf] with windows that hold whole turns where these are short. starts
// are the positions of the turns' first tokens, in ascending order.
//
// A window ends before the last turn that begins in it, or right after it, but at least half
// of its new tokens stay: those after the window before or, in the first window, after as
// many as windows share. The next window begins with the last turn that begins overlap
// tokens before that end or earlier; not more than overlap tokens earlier, and not more than
// a quarter of the new tokens that a full window has, which are limit - 2 - overlap. Where no
// turn begins within these bounds, the text is cut as by CutsOf.
//
// So windows have at most limit tokens, begin and end in order, and share overlap to
// 2·overlap tokens. A text of one window is not cut.
func CutsAtTurns(starts []int, tokens, limit, overlap int) Cuts {
	c := CutsOf(tokens, limit, overlap)
	if c.count == 1 || len(starts) == 0 {
		return c
	}
	overlap = c.content - c.step
	back := min(overlap, c.step/4)
	last := tokens - 1
	for first, before := 1, 1+overlap; ; {
		end := min(first+c.content, last)
		if end < last {
			end = lastWithin(starts, (before+end+1)/2, end)
		}
		c.uneven = append(c.uneven, place{first, end})
		if end == last {
			c.count = len(c.uneven)
			return c
		}
		first, before = lastWithin(starts, end-overlap-back, end-overlap), end
	}
}

// lastWithin returns the last of starts that is in [from, to], or to if there is none.
func lastWithin(starts []int, from, to int) int {
	at, found := slices.BinarySearch(starts, to)
	if found || at == 0 || starts[at-1] < from {
		return to
	}
	return starts[at-1]
}
