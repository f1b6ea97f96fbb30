package pretrain

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
)

// Split holds back a share of the calls, above 0 and below 1, for evaluation: at least one.
// All pieces of a call, and all calls with the same text, are on the same side. The number
// of calls held back is as near to the share as the repetitions allow, and no text of which
// there are more calls than that is held back. Where most calls are alike fewer are held
// back, so that the training keeps half of the texts. The split depends on the seed and the
// set of calls, not on their order.
func (c Corpus) Split(share float64, seed uint64) (train, val []Piece, err error) {
	if !(share > 0 && share < 1) {
		return nil, nil, fmt.Errorf("hold calls back for evaluation: a share of %v; want more than 0 and less than 1", share)
	}
	groups := groupsOf(c.Pieces)
	if len(groups) < 2 {
		return nil, nil, fmt.Errorf("hold calls back for evaluation: %s; want 2 or more different ones, one of them for validation", howAlike(c.Calls))
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(mix(seed, a.text), mix(seed, b.text)), cmp.Compare(a.text, b.text))
	})
	held := choose(groups, c.Calls, share)
	for _, p := range c.Pieces {
		if held[p.call] {
			val = append(val, p)
		} else {
			train = append(train, p)
		}
	}
	return train, val, nil
}

func howAlike(calls int) string {
	if calls == 1 {
		return "there is 1 call"
	}
	return fmt.Sprintf("all %d calls have the same text", calls)
}

// group are the calls with the same text.
type group struct {
	text  uint64 // its hash
	calls int
}

// groupsOf lists the groups of the calls, in any order.
func groupsOf(pieces []Piece) []group {
	counts := map[uint64]int{}
	for _, p := range pieces {
		if p.first {
			counts[p.call]++
		}
	}
	groups := make([]group, 0, len(counts))
	for text, calls := range counts {
		groups = append(groups, group{text, calls})
	}
	return groups
}

// CallsOf counts the calls that pieces are of.
func CallsOf(pieces []Piece) int {
	n := 0
	for _, p := range pieces {
		if p.first {
			n++
		}
	}
	return n
}

// choose returns the groups that are held back: the first ones that fit into the share, and
// one more if that is nearer to it.
func choose(groups []group, calls int, share float64) map[uint64]bool {
	quota := int(math.Ceil(share * float64(calls)))
	most := min(len(groups)-1, max(len(groups)/2, int(math.Ceil(share*float64(len(groups))))))
	held := map[uint64]bool{}
	sum := 0
	for _, g := range groups {
		if len(held) < most && sum+g.calls <= quota {
			held[g.text] = true
			sum += g.calls
		}
	}
	var next *group // the smallest of the others
	for i, g := range groups {
		if !held[g.text] && (next == nil || g.calls < next.calls) {
			next = &groups[i]
		}
	}
	if len(held) == 0 || len(held) < most && sum+next.calls-quota < quota-sum {
		held[next.text] = true
	}
	return held
}

// mix hashes two numbers.
func mix(a, b uint64) uint64 {
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:8], a)
	binary.LittleEndian.PutUint64(key[8:], b)
	hash := fnv.New64a()
	hash.Write(key[:])
	return hash.Sum64()
}
