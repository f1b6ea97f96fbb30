package reviews

import (
	"cmp"
	"maps"
	"slices"
)

// Agreement says how often two raters say the same of the same calls.
type Agreement struct {
	First, Second string // the raters
	Calls         int    // of which both said something
	Plain         []PlainAgreement
	Entities      []EntityAgreement
}

// PlainAgreement is about the label of a head, or about a yes/no label, whose labels are
// "1" and "0".
type PlainAgreement struct {
	Item   Item
	N      int     // calls
	Same   int     // of them, those with the same label
	Kappa  float64 // see [Pairs.Kappa]; may be NaN
	Labels []LabelCount
}

// EntityAgreement is about entities of a label. They are the same if they have the same
// place and label. As there is no number of things that aren't entities, kappa isn't
// defined; F1 takes its place (Hripcsak and Rothschild 2005).
type EntityAgreement struct {
	Item Item
	LabelCount
}

// LabelCount is how often a label was given.
type LabelCount struct {
	Label               string
	First, Second, Both int
}

// Precision is the share of the first rater's labels that the second one gave, too; of
// none it is 0.
func (c LabelCount) Precision() float64 { return share(c.Both, c.First) }

// Recall is the share of the second rater's labels that the first one gave, too; of none
// it is 0.
func (c LabelCount) Recall() float64 { return share(c.Both, c.Second) }

// F1 is the harmonic mean of the two.
func (c LabelCount) F1() float64 { return share(2*c.Both, c.First+c.Second) }

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

// ModelAgreement compares the model's proposals with what people made of them: of each
// call the latest proposal, and what its reviews say together ([Merge]). Items that
// nobody checked don't count.
func ModelAgreement(list []Review) Agreement {
	calls, by := Loaded{Reviews: list}.Calls()
	t := newTally()
	for _, call := range calls {
		proposed := values{map[Item][]Span{}, map[Item]string{}}
		for _, r := range by[call] {
			old := r.Old.values()
			maps.Copy(proposed.spans, old.spans)
			maps.Copy(proposed.plain, old.plain)
		}
		t.add(proposed, Merge(by[call]).values())
	}
	return t.agreement("model", "people")
}

// ReviewerAgreement compares each two reviewers who have reviewed the same calls, by name.
func ReviewerAgreement(list []Review) []Agreement {
	calls, by := Loaded{Reviews: list}.Calls()
	tallies := map[[2]string]*tally{}
	for _, call := range calls {
		people := map[string][]Review{}
		for _, r := range by[call] {
			people[r.Who] = append(people[r.Who], r)
		}
		names := slices.Sorted(maps.Keys(people))
		for i, first := range names {
			for _, second := range names[i+1:] {
				pair := [2]string{first, second}
				if tallies[pair] == nil {
					tallies[pair] = newTally()
				}
				tallies[pair].add(Merge(people[first]).values(), Merge(people[second]).values())
			}
		}
	}
	var out []Agreement
	for _, pair := range slices.SortedFunc(maps.Keys(tallies), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		out = append(out, tallies[pair].agreement(pair[0], pair[1]))
	}
	return out
}

// Disagreements counts the calls about which reviewers disagree: what two of them say last
// of an item differs.
func Disagreements(list []Review) int {
	n := 0
	calls, by := Loaded{Reviews: list}.Calls()
	for _, call := range calls {
		people := map[string][]Review{}
		for _, r := range by[call] {
			people[r.Who] = append(people[r.Who], r)
		}
		all := values{map[Item][]Span{}, map[Item]string{}}
		differ := false
		for _, own := range people {
			v := Merge(own).values()
			for item, spans := range v.spans {
				other, both := all.spans[item]
				differ = differ || both && !slices.Equal(other, spans)
				all.spans[item] = spans
			}
			for item, label := range v.plain {
				other, both := all.plain[item]
				differ = differ || both && other != label
				all.plain[item] = label
			}
		}
		if differ {
			n++
		}
	}
	return n
}

// tally counts the labels of two raters.
type tally struct {
	calls int
	plain map[Item]Pairs
	spans map[Item]map[string]*LabelCount
}

func newTally() *tally {
	return &tally{plain: map[Item]Pairs{}, spans: map[Item]map[string]*LabelCount{}}
}

// add counts a call.
func (t *tally) add(first, second values) {
	some := false
	for item, label := range first.plain {
		other, both := second.plain[item]
		if !both {
			continue
		}
		some = true
		if t.plain[item] == nil {
			t.plain[item] = Pairs{}
		}
		t.plain[item][[2]string{label, other}]++
	}
	for item, spans := range first.spans {
		others, both := second.spans[item]
		if !both {
			continue
		}
		some = true
		if t.spans[item] == nil {
			t.spans[item] = map[string]*LabelCount{}
		}
		for _, e := range spans {
			c := t.label(item, e.Label)
			c.First++
			if slices.Contains(others, e) {
				c.Both++
			}
		}
		for _, e := range others {
			t.label(item, e.Label).Second++
		}
	}
	if some {
		t.calls++
	}
}

func (t *tally) label(item Item, label string) *LabelCount {
	c := t.spans[item][label]
	if c == nil {
		c = &LabelCount{Label: label}
		t.spans[item][label] = c
	}
	return c
}

func (t *tally) agreement(first, second string) Agreement {
	a := Agreement{First: first, Second: second, Calls: t.calls}
	for _, item := range slices.SortedFunc(maps.Keys(t.plain), compareItems) {
		pairs := t.plain[item]
		n, same := pairs.Count()
		a.Plain = append(a.Plain, PlainAgreement{item, n, same, pairs.Kappa(), pairs.labels()})
	}
	for _, item := range slices.SortedFunc(maps.Keys(t.spans), compareItems) {
		for _, label := range slices.Sorted(maps.Keys(t.spans[item])) {
			a.Entities = append(a.Entities, EntityAgreement{item, *t.spans[item][label]})
		}
	}
	return a
}

// labels counts by label, the second rater's most frequent first.
func (p Pairs) labels() []LabelCount {
	by := map[string]*LabelCount{}
	at := func(label string) *LabelCount {
		if by[label] == nil {
			by[label] = &LabelCount{Label: label}
		}
		return by[label]
	}
	for pair, n := range p {
		at(pair[0]).First += n
		at(pair[1]).Second += n
		if pair[0] == pair[1] {
			at(pair[0]).Both += n
		}
	}
	list := make([]LabelCount, 0, len(by))
	for _, c := range by {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b LabelCount) int {
		return cmp.Or(cmp.Compare(b.Second, a.Second), cmp.Compare(a.Label, b.Label))
	})
	return list
}
