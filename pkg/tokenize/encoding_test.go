package tokenize_test

import (
	"reflect"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// content is an encoding of n tokens: content tokens 10, 11, … each a word of one letter.
func content(n int) tokenize.Encoding {
	e := tokenize.Encoding{IDs: []int32{2}, Words: []int{-1}, Offsets: []tokenize.Span{{}}}
	for i := range n - 2 {
		e.IDs = append(e.IDs, int32(10+i))
		e.Words = append(e.Words, i)
		e.Offsets = append(e.Offsets, tokenize.Span{Start: i, End: i + 1})
	}
	e.IDs = append(e.IDs, 3)
	e.Words = append(e.Words, -1)
	e.Offsets = append(e.Offsets, tokenize.Span{})
	return e
}

func TestTruncate(t *testing.T) {
	for _, test := range []struct{ n, limit, want int }{
		{6, 7, 6}, {6, 6, 6}, {6, 5, 5}, {6, 3, 3}, {6, 2, 2}, {6, 1, 2}, {6, 0, 2}, {6, -1, 2}, {2, 2, 2}, {2, 1, 2},
	} {
		got := content(test.n).Truncate(test.limit)
		if want := content(test.want); !reflect.DeepEqual(got, want) {
			t.Errorf("%d tokens cut to %d: %v, want %v", test.n, test.limit, got, want)
		}
	}
	if got := (tokenize.Encoding{}).Truncate(5); len(got.IDs) != 0 {
		t.Errorf("nothing became %v", got)
	}
}

func TestWindows(t *testing.T) {
	for _, test := range []struct {
		n, limit, overlap int
		firsts, sizes     []int
	}{
		{2, 8, 3, []int{1}, []int{2}},
		{8, 8, 3, []int{1}, []int{8}},
		{9, 8, 3, []int{1, 4}, []int{8, 6}},
		{14, 8, 0, []int{1, 7}, []int{8, 8}},
		{15, 8, 0, []int{1, 7, 13}, []int{8, 8, 3}},
		{12, 6, 2, []int{1, 3, 5, 7}, []int{6, 6, 6, 6}},
		{6, 4, 100, []int{1, 2, 3}, []int{4, 4, 4}}, // overlap becomes 1
		{6, 4, -1, []int{1, 3}, []int{4, 4}},
		{4, 0, 0, []int{1, 2}, []int{3, 3}}, // limit becomes 3
	} {
		e := content(test.n)
		windows := e.Windows(test.limit, test.overlap)
		var firsts, sizes []int
		for _, w := range windows {
			firsts = append(firsts, w.First)
			sizes = append(sizes, len(w.IDs))
			for i := 1; i+1 < len(w.IDs); i++ {
				whole := w.First + i - 1
				if w.IDs[i] != e.IDs[whole] || w.Words[i] != e.Words[whole] || w.Offsets[i] != e.Offsets[whole] {
					t.Errorf("%+v: token %d of the window at %d is not token %d", test, i, w.First, whole)
				}
			}
			if w.IDs[0] != 2 || w.IDs[len(w.IDs)-1] != 3 || w.Words[0] != -1 || w.Words[len(w.IDs)-1] != -1 {
				t.Errorf("%+v: window %v lacks its special tokens", test, w)
			}
		}
		total := 0
		for _, size := range sizes {
			total += size
		}
		if got := e.WindowTokens(test.limit, test.overlap); got != total {
			t.Errorf("%+v: %d tokens in all windows, want %d", test, got, total)
		}
		if !reflect.DeepEqual(firsts, test.firsts) || !reflect.DeepEqual(sizes, test.sizes) {
			t.Errorf("%+v: got firsts %v, sizes %v", test, firsts, sizes)
		}
	}
	if got := (tokenize.Encoding{}).Windows(8, 2); len(got) != 1 || len(got[0].IDs) != 0 {
		t.Errorf("nothing became %v", got)
	}
}

// What was cut off shares no memory with the whole.
func TestCutsAreCopies(t *testing.T) {
	e := content(10)
	cut := e.Truncate(5)
	cut.IDs[1], cut.Words[1], cut.Offsets[1] = 99, 99, tokenize.Span{Start: 99, End: 99}
	_ = append(cut.IDs, 98)
	windows := e.Windows(6, 2)
	windows[0].IDs[3] = 97
	if !reflect.DeepEqual(e, content(10)) || windows[1].IDs[1] == 97 {
		t.Errorf("changed with a part of it: %v", e)
	}
}
