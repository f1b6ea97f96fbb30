package metrics

import "github.com/trident-nlp/trident/pkg/tasks"

// Score is how well one label's entities, or all, were found.
type Score struct {
	Precision, Recall, F1 float64
	Support               int // entities in the truth
}

// EntityReport scores whole entities: one counts as found only if its first
// word, its last word and its label are right.
type EntityReport struct {
	Micro    Score            // all entities together
	PerLabel map[string]Score // labels that are present in truth or predictions
}

// Entities compares the labels of words, [texts][words]. Consecutive words
// with the same label are one entity, tasks.OutsideLabel belongs to none:
// seqeval's rules for B-X followed by I-X. A text may differ in length between
// truth and predicted; what has no counterpart is missed or too much.
func Entities(truth, predicted [][]string) EntityReport {
	actual, said := spans(truth), spans(predicted)
	byLabel := map[string]counts{}
	for span := range actual {
		c := byLabel[span.label]
		c.actual++
		if said[span] {
			c.hits++
		}
		byLabel[span.label] = c
	}
	for span := range said {
		c := byLabel[span.label]
		c.predicted++
		byLabel[span.label] = c
	}
	report := EntityReport{PerLabel: make(map[string]Score, len(byLabel))}
	var all []counts
	for label, c := range byLabel {
		report.PerLabel[label] = c.score()
		all = append(all, c)
	}
	report.Micro = sum(all).score()
	return report
}

func (c counts) score() Score {
	return Score{Precision: c.precision(), Recall: c.recall(), F1: c.f1(), Support: c.actual}
}

// span is the words [start, end) of a text.
type span struct {
	text, start, end int
	label            string
}

func spans(texts [][]string) map[span]bool {
	found := map[span]bool{}
	for text, words := range texts {
		for start := 0; start < len(words); {
			end := start + 1
			for end < len(words) && words[end] == words[start] {
				end++
			}
			if words[start] != tasks.OutsideLabel {
				found[span{text, start, end, words[start]}] = true
			}
			start = end
		}
	}
	return found
}
