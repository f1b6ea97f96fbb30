package metrics

import (
	"slices"

	"github.com/trident-nlp/trident/pkg/tasks"
)

// EntityReport scores whole entities: one counts as found only if its first
// word, its last word and its label are correct.
type EntityReport struct {
	Micro    Score            // all entities together
	PerLabel map[string]Score // labels present in truth or predictions
}

// Entities compares the labels of words, [texts][words]. Consecutive words
// with the same label are one entity, tasks.OutsideLabel belongs to none:
// seqeval's rules for B-X followed by I-X. A text may differ in length between
// truth and predicted; entities without a counterpart are false negatives or
// false positives.
func Entities(truth, predicted [][]string) EntityReport {
	return EntitySpans(spansOf(truth), spansOf(predicted))
}

// EntitySpans is [Entities] for spans, [texts][entities].
func EntitySpans(truth, predicted [][]tasks.Span) EntityReport {
	byLabel := map[string]Counts{}
	for i := range max(len(truth), len(predicted)) {
		countSpans(byLabel, text(truth, i), text(predicted, i))
	}
	report := EntityReport{PerLabel: make(map[string]Score, len(byLabel))}
	var all Counts
	for label, c := range byLabel {
		report.PerLabel[label] = c.Score()
		all = all.Add(c)
	}
	report.Micro = all.Score()
	return report
}

// CountSpans counts the entities of one text by the rules of [Entities], all
// labels together.
func CountSpans(truth, predicted []tasks.Span) Counts {
	byLabel := map[string]Counts{}
	countSpans(byLabel, truth, predicted)
	var all Counts
	for _, c := range byLabel {
		all = all.Add(c)
	}
	return all
}

func spansOf(texts [][]string) [][]tasks.Span {
	spans := make([][]tasks.Span, len(texts))
	for i, words := range texts {
		spans[i] = tasks.Scheme{}.Spans(words)
	}
	return spans
}

// text returns the entities of a text, none if there is no such text.
func text(texts [][]tasks.Span, i int) []tasks.Span {
	if i < len(texts) {
		return texts[i]
	}
	return nil
}

// countSpans adds one text's entities to the counts of their labels.
func countSpans(byLabel map[string]Counts, truth, predicted []tasks.Span) {
	for _, span := range truth {
		c := byLabel[span.Label]
		c.Actual++
		if slices.Contains(predicted, span) {
			c.Hits++
		}
		byLabel[span.Label] = c
	}
	for _, span := range predicted {
		c := byLabel[span.Label]
		c.Predicted++
		byLabel[span.Label] = c
	}
}
