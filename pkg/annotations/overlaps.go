package annotations

import (
	"cmp"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
)

// distinct removes spans that are there twice, and returns the rest in order.
func distinct(spans []Span) []Span {
	sortSpans(spans)
	return slices.Compact(spans)
}

// firstOverlap returns two spans of an ordered list that overlap.
func firstOverlap(spans []Span) (a, b int, found bool) {
	end := 0 // the span that ends last
	for i := 1; i < len(spans); i++ {
		if spans[i].Start < spans[end].End {
			return end, i, true
		}
		if spans[i].End > spans[end].End {
			end = i
		}
	}
	return 0, 0, false
}

// resolve applies a rule to an ordered list of spans, and returns how many it dropped.
func resolve(spans []Span, rule Overlaps) ([]Span, int, error) {
	a, b, overlap := firstOverlap(spans)
	switch {
	case !overlap:
		return spans, 0, nil
	case rule == "" || rule == RefuseOverlaps:
		return nil, 0, bad(datasets.KindOverlap, "spans [%d, %d) and [%d, %d) overlap; --overlaps longest or first keeps one of them",
			spans[a].Start, spans[a].End, spans[b].Start, spans[b].End)
	}
	order := slices.Clone(spans)
	slices.SortStableFunc(order, func(x, y Span) int {
		longer := cmp.Compare(y.End-y.Start, x.End-x.Start)
		earlier := cmp.Compare(x.Start, y.Start)
		if rule == KeepFirst {
			return cmp.Or(earlier, longer)
		}
		return cmp.Or(longer, earlier)
	})
	var kept []Span
	for _, e := range order {
		if !slices.ContainsFunc(kept, func(k Span) bool { return e.Start < k.End && k.Start < e.End }) {
			kept = append(kept, e)
		}
	}
	sortSpans(kept)
	return kept, len(spans) - len(kept), nil
}
