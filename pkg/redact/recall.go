package redact

import "slices"

// Recall says how much of the labelled entities of one label was replaced. Characters are
// letters and digits.
type Recall struct {
	Label      string `json:"label"`
	Entities   int    `json:"entities"`
	Covered    int    `json:"covered"`  // entities of which every character was replaced
	ByModel    int    `json:"by_model"` // …by what the model found, without patterns and further mentions
	Characters int    `json:"characters"`
	Replaced   int    `json:"characters_replaced"`
}

// Share returns the share of entities that were covered, from 0 to 1; 0 without entities.
func (r Recall) Share() float64 { return share(r.Covered, r.Entities) }

// ShareByModel returns the share that the model's entities alone cover.
func (r Recall) ShareByModel() float64 { return share(r.ByModel, r.Entities) }

// ShareOfCharacters returns the share of the entities' characters that were replaced.
func (r Recall) ShareOfCharacters() float64 { return share(r.Replaced, r.Characters) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Report is what redaction did to calls whose entities are known.
type Report struct {
	Calls  int      `json:"calls"`
	Labels []Recall `json:"labels"` // in the labels' order; last, as "", their sum

	// CallsCovered are the calls in which no character of such an entity was left.
	CallsCovered int `json:"calls_covered"`
	// Characters of the calls that are in no such entity, and how many of them were replaced.
	Outside         int `json:"characters_outside"`
	OutsideReplaced int `json:"characters_outside_replaced"`
}

// Measure compares redacted calls with the entities that people labelled: for each label
// that is among them and that the calls were redacted for, its recall. An ending that
// redaction leaves, a possessive or the locative -ni, doesn't count. truth[i] are the
// entities of results[i].
func Measure(results []Result, truth [][]Span) Report {
	report := Report{Calls: len(results)}
	rows := map[string]*Recall{}
	all := &Recall{}
	var labels []string
	for i, result := range results {
		left := false
		old := []rune(result.original)
		inside := make([]bool, len(old))
		f := fold(old)
		for _, s := range truth[i] {
			start, end := max(0, s.Start), min(s.End, len(old))
			if start >= end || !result.redactor.Replaces(s.Label) {
				continue
			}
			if rows[s.Label] == nil {
				rows[s.Label] = &Recall{Label: s.Label}
			}
			for p := start; p < end; p++ {
				inside[p] = true
			}
			start, end = result.core(f, s.Label, start, end)
			characters, replaced := result.characters(start, end), result.CoveredCharacters(start, end)
			for _, row := range []*Recall{rows[s.Label], all} {
				row.Entities++
				row.Characters += characters
				row.Replaced += replaced
				if replaced == characters {
					row.Covered++
				}
				if result.isFound(old, start, end) {
					row.ByModel++
				}
			}
			left = left || replaced < characters
		}
		if !left {
			report.CallsCovered++
		}
		for p, r := range old {
			if inside[p] || !isWord(r) {
				continue
			}
			report.Outside++
			if result.Replaced(p, p+1) >= 0 {
				report.OutsideReplaced++
			}
		}
		for _, label := range result.redactor.labels {
			if rows[label] != nil && !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	for _, label := range labels {
		report.Labels = append(report.Labels, *rows[label])
	}
	report.Labels = append(report.Labels, *all)
	return report
}

// core returns a labelled entity without endings that redaction leaves in the text.
func (result Result) core(f folded, label string, start, end int) (coreStart, coreEnd int) {
	a, b := f.trim(f.index(start), f.index(end))
	if b-a > 3 && classOf(label) == place && string(f.runes[b-2:b]) == "ni" && result.Replaced(f.code(b-2), f.code(b)) < 0 {
		b -= 2
	}
	return f.code(a), f.code(b)
}

// isFound reports whether every letter and digit of a part of the old text is in a span that
// the model found.
func (result Result) isFound(old []rune, start, end int) bool {
	for p := start; p < end; p++ {
		if isWord(old[p]) && !slices.ContainsFunc(result.found, func(s Span) bool { return s.Start <= p && p < s.End }) {
			return false
		}
	}
	return true
}
