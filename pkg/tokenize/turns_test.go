package tokenize_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

func TestTurnStarts(t *testing.T) {
	ids := []int64{2, 50, 7, 8, 51, 50, 9, 3}
	for _, test := range []struct {
		speakers []int32
		want     []int
	}{{nil, nil}, {[]int32{50}, []int{1, 5}}, {[]int32{51, 50}, []int{1, 4, 5}}, {[]int32{60}, nil}} {
		if got := tokenize.TurnStarts(ids, test.speakers); !slices.Equal(got, test.want) {
			t.Errorf("speakers %v: turns at %v, want %v", test.speakers, got, test.want)
		}
	}
}

func TestCutsAtTurns(t *testing.T) {
	type windows [][2]int
	for name, test := range map[string]struct {
		starts                 []int
		tokens, limit, overlap int
		want                   windows
	}{
		"whole turns, none shared":            {[]int{1, 4, 9, 12, 17}, 22, 12, 0, windows{{1, 9}, {9, 17}, {17, 21}}},
		"one turn shared":                     {[]int{1, 7, 10, 13, 16, 19, 22, 25}, 30, 14, 3, windows{{1, 13}, {10, 22}, {19, 29}}},
		"a shared turn that is longer":        {[]int{1, 8, 13}, 28, 14, 3, windows{{1, 13}, {8, 20}, {17, 27}}},
		"a turn that is longer than a window": {[]int{1, 30}, 40, 12, 2, windows{{1, 11}, {9, 19}, {17, 27}, {25, 35}, {33, 39}}},
		"too early to end at":                 {[]int{1, 5}, 22, 12, 0, windows{{1, 11}, {11, 21}}},
		"no turns":                            {nil, 22, 12, 0, windows{{1, 11}, {11, 21}}},
		"one window":                          {[]int{1, 5}, 12, 12, 3, windows{{1, 11}}},
	} {
		cuts := tokenize.CutsAtTurns(test.starts, test.tokens, test.limit, test.overlap)
		var got windows
		for i := range cuts.Count() {
			first, end := cuts.Window(i)
			got = append(got, [2]int{first, end})
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: windows %v, want %v", name, got, test.want)
		}
	}
}

// Cuts at turns are as documented, wherever turns begin.
func TestCutsAtAnyTurns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		tokens := 3 + rng.IntN(80)
		checkTurns(t, startsWith(rng.Float64, rng.Float64(), tokens), tokens, rng.IntN(24), rng.IntN(26)-1)
	}
	checkTurns(t, startsWith(rng.Float64, 0.05, 5000), 5000, 512, 128)
	checkTurns(t, startsWith(rng.Float64, 0.002, 5000), 5000, 256, 253)
}

// startsWith draws the tokens at which turns begin.
func startsWith(draw func() float64, density float64, tokens int) (starts []int) {
	for i := range tokens {
		if draw() < density {
			starts = append(starts, i)
		}
	}
	return starts
}

// Any bytes are a text, in which those below a limit begin turns.
func FuzzCutsAtTurns(f *testing.F) {
	f.Add([]byte("Counselor: Hello. Caller: My son is 8. Counselor: Where are you?"), byte('D'), 12, 3)
	f.Add([]byte{0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0}, byte(1), 5, 2)
	f.Fuzz(func(t *testing.T, text []byte, below byte, limit, overlap int) {
		if len(text) > 2000 {
			return
		}
		var starts []int
		for i, b := range text {
			if b < below {
				starts = append(starts, i)
			}
		}
		checkTurns(t, starts, len(text)+2, min(max(limit, -1), 3000), min(max(overlap, -1), 3000))
	})
}

// checkTurns compares cuts with what the documentation of CutsAtTurns says.
func checkTurns(t *testing.T, starts []int, tokens, limit, overlap int) {
	t.Helper()
	what := fmt.Sprintf("turns at %v of %d tokens, limit %d, overlap %d", starts, tokens, limit, overlap)
	cuts := tokenize.CutsAtTurns(starts, tokens, limit, overlap)
	even := tokenize.CutsOf(tokens, limit, overlap)
	if (len(starts) == 0 || even.Count() == 1) && !reflect.DeepEqual(cuts, even) {
		t.Errorf("%s: cuts %+v, want %+v", what, cuts, even)
	}
	windows := content(tokens).Cut(cuts)
	checkCentres(t, what, tokens, cuts, windows)
	limit = max(limit, 3)
	overlap = min(max(overlap, 0), limit-3)
	total, before, first := 0, 1+overlap, 1
	for i, w := range windows {
		end := w.First + len(w.IDs) - 2
		if len(w.IDs) > limit || len(w.IDs) != cuts.Length(i) || w.First != first {
			t.Fatalf("%s: window %d has %d tokens from %d, want %d from %d", what, i, len(w.IDs), w.First, cuts.Length(i), first)
		}
		total += len(w.IDs)
		if i == len(windows)-1 {
			if end != tokens-1 {
				t.Errorf("%s: the windows end at %d", what, end)
			}
			break
		}
		farthest := first + limit - 2
		wantEnd := farthest
		for at := farthest; at-before >= farthest-at; at-- { // half of the new tokens stay
			if slices.Contains(starts, at) {
				wantEnd = at
				break
			}
		}
		latest := wantEnd - overlap
		wantNext := latest
		for at := latest; at >= latest-overlap && 4*(latest-at) <= limit-2-overlap; at-- {
			if slices.Contains(starts, at) {
				wantNext = at
				break
			}
		}
		if end != wantEnd || windows[i+1].First != wantNext || wantNext <= first || end <= before && i > 0 {
			t.Fatalf("%s: window %d is [%d, %d), the next begins at %d; want [%d, %d), %d", what, i, first, end, windows[i+1].First, first, wantEnd, wantNext)
		}
		before, first = end, wantNext
	}
	if cuts.Count() != len(windows) || cuts.Tokens() != total {
		t.Errorf("%s: %d windows of %d tokens, want %d of %d", what, cuts.Count(), cuts.Tokens(), len(windows), total)
	}
}
