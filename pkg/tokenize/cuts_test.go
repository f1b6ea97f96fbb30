package tokenize_test

import (
	"fmt"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Cuts are those of Encoding.Windows, and each token has one central window: that in which
// it is farthest from the nearer edge, the earlier of two.
func TestCuts(t *testing.T) {
	for tokens := range 60 {
		for limit := range 14 {
			for overlap := -1; overlap <= limit+1; overlap++ {
				checkCuts(t, tokens, limit, overlap)
			}
		}
	}
	checkCuts(t, 5000, 512, 128)
	checkCuts(t, 5001, 256, 253)
}

func checkCuts(t *testing.T, tokens, limit, overlap int) {
	t.Helper()
	cuts := tokenize.CutsOf(tokens, limit, overlap)
	var windows []tokenize.Window
	if tokens < 2 {
		windows = tokenize.Encoding{IDs: make([]int32, tokens)}.Windows(limit, overlap)
	} else {
		windows = content(tokens).Windows(limit, overlap)
	}
	total := 0
	for i, w := range windows {
		first, end := cuts.Window(i)
		if tokens >= 2 && (first != w.First || end-first != len(w.IDs)-2) || cuts.Length(i) != len(w.IDs) {
			t.Errorf("%d tokens, limit %d, overlap %d: window %d has [%d, %d), want %d tokens from %d", tokens, limit, overlap, i, first, end, len(w.IDs), w.First)
		}
		total += len(w.IDs)
	}
	if cuts.Count() != len(windows) || cuts.Tokens() != total {
		t.Errorf("%d tokens, limit %d, overlap %d: %d windows of %d tokens, want %d of %d", tokens, limit, overlap, cuts.Count(), cuts.Tokens(), len(windows), total)
	}
	checkCentres(t, fmt.Sprintf("%d tokens, limit %d, overlap %d", tokens, limit, overlap), tokens, cuts, windows)
}

// checkCentres checks that the windows' centres are all tokens, each once, in order.
func checkCentres(t *testing.T, what string, tokens int, cuts tokenize.Cuts, windows []tokenize.Window) {
	t.Helper()
	next := 1
	for i := range windows {
		first, end := cuts.Centre(i)
		if first != next || end < first {
			t.Fatalf("%s: the centre of window %d is [%d, %d), the one before ends at %d", what, i, first, end, next)
		}
		for token := first; token < end; token++ {
			if want := central(windows, token); want != i || cuts.Central(token) != i {
				t.Fatalf("%s: token %d is central in %d or %d, want %d", what, token, i, cuts.Central(token), want)
			}
		}
		next = end
	}
	if next != max(1, tokens-1) || cuts.Central(0) != 0 || cuts.Central(tokens-1) != len(windows)-1 {
		t.Errorf("%s: the centres end at %d; special tokens are in windows %d, %d", what, next, cuts.Central(0), cuts.Central(tokens-1))
	}
}

// central is Cuts.Central by its definition.
func central(windows []tokenize.Window, token int) int {
	best, margin := -1, -1
	for i, w := range windows {
		last := w.First + len(w.IDs) - 3
		if m := min(token-w.First, last-token); m > margin {
			best, margin = i, m
		}
	}
	return best
}
