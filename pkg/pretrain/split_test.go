package pretrain

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	var lines []string
	for i := range 100 {
		lines = append(lines, strings.Repeat("a ", 1+i%50)+strings.Repeat("b ", i/10)+"c")
	}
	lines = append(lines, lines[:20]...) // calls that are there twice
	c := readCorpus(t, 8, map[string]string{"a.txt": strings.Join(lines, "\n")})
	train, val, err := c.Split(0.1, 3)
	if err != nil || len(train)+len(val) != len(c.Pieces) {
		t.Fatalf("%d and %d pieces of %d, %v", len(train), len(val), len(c.Pieces), err)
	}
	callsOf := func(pieces []Piece) map[uint64]bool {
		calls := map[uint64]bool{}
		for _, p := range pieces {
			calls[p.call] = true
		}
		return calls
	}
	trained, held := callsOf(train), callsOf(val)
	for call := range held {
		if trained[call] {
			t.Error("a call is in both parts")
		}
	}
	if n := CallsOf(val); n != 12 || CallsOf(train) != 108 || len(held)+len(trained) != 100 {
		t.Errorf("%d of 120 calls are held back, want 12", n)
	}
	slices.Reverse(lines)
	turned := readCorpus(t, 8, map[string]string{"b.txt": strings.Join(lines, "\n")})
	if _, again, _ := turned.Split(0.1, 3); len(callsOf(again)) != len(held) || !slices.ContainsFunc(again, func(p Piece) bool { return held[p.call] }) {
		t.Error("another order of calls gives another split")
	} else {
		for call := range callsOf(again) {
			if !held[call] {
				t.Error("another order of calls gives another split")
			}
		}
	}
	_, other, _ := c.Split(0.1, 4)
	differs := false
	for call := range callsOf(other) {
		differs = differs || !held[call]
	}
	if !differs {
		t.Error("another seed gives the same split")
	}
	for _, share := range []float64{0, 1, -0.5} {
		if _, _, err := c.Split(share, 3); err == nil {
			t.Errorf("share %g: no error", share)
		}
	}
	same := readCorpus(t, 8, map[string]string{"a.txt": "a b\na b\n"})
	if _, _, err := same.Split(0.1, 3); err == nil || !strings.Contains(err.Error(), "all 2 calls have the same text; want 2 or more different ones") {
		t.Errorf("error %v", err)
	}
	one := readCorpus(t, 8, map[string]string{"a.txt": "a b\n"})
	if _, _, err := one.Split(0.1, 3); err == nil || !strings.Contains(err.Error(), "there is 1 call; want") {
		t.Errorf("error %v", err)
	}
}

// Calls that differ in white space alone are the same call, and on one side of the split.
func TestWhiteSpaceDoesNotMakeAnotherCall(t *testing.T) {
	c := readCorpus(t, 8, map[string]string{"a.txt": "a b\na  b\n a\u00a0b \nb a\n"})
	if c.Calls != 4 || c.Repeats != 2 {
		t.Errorf("%d calls, of which %d repeat another; want 4 and 2", c.Calls, c.Repeats)
	}
}

// Shares are of calls, however often one of them is repeated.
func TestSplitOfRepeatedCalls(t *testing.T) {
	for name, test := range map[string]struct {
		counts []int // calls with each text
		share  float64
		least  int // calls held back, for any seed
		most   int
	}{
		"one text 900 times":         {append(times(1, 20), 900), 0.05, 10, 10},
		"one text 900 times of 1000": {append(times(1, 100), 900), 0.05, 50, 50},
		"a third alike":              {append(times(1, 600), 300), 0.05, 45, 45},
		"no text twice":              {times(1, 20), 0.05, 1, 1},
		"no text twice, most held":   {times(1, 20), 0.9, 18, 18},
		"each twice":                 {times(2, 50), 0.1, 10, 10},
		"each thrice":                {times(3, 20), 0.05, 3, 3},
		"nearer with one more":       {times(3, 20), 0.08, 6, 6},
		"two texts":                  {[]int{1, 5}, 0.5, 1, 1},
		"two large texts":            {[]int{40, 50}, 0.05, 40, 40},
	} {
		var lines []string
		for i, n := range test.counts {
			for range n {
				lines = append(lines, strings.Repeat("a ", 1+i%25)+strings.Repeat("b ", i/25)+"c")
			}
		}
		c := readCorpus(t, 8, map[string]string{"a.txt": strings.Join(lines, "\n")})
		if want := len(lines) - len(test.counts); c.Repeats != want {
			t.Errorf("%s: %d repeated calls, want %d", name, c.Repeats, want)
		}
		for seed := range uint64(20) {
			train, val, err := c.Split(test.share, seed)
			if n := CallsOf(val); err != nil || n < test.least || n > test.most || n+CallsOf(train) != len(lines) || len(train)+len(val) != len(c.Pieces) {
				t.Errorf("%s: %d of %d calls are held back with seed %d, want %d to %d; %v", name, n, len(lines), seed, test.least, test.most, err)
				break
			}
		}
	}
}

// times is n numbers x.
func times(x, n int) []int { return slices.Repeat([]int{x}, n) }
