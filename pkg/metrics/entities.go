package metrics

import "github.com/trident-nlp/trident/pkg/tasks"

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

// CountEntities counts the entities of one text's words, by the rules of
// [Entities], all labels together.
func CountEntities(truth, predicted []string) Counts {
	byLabel := map[string]Counts{}
	countSpans(byLabel, truth, predicted)
	var all Counts
	for _, c := range byLabel {
		all = all.Add(c)
	}
	return all
}

// text is the words of a text, none where there is no such text.
func text(texts [][]string, i int) []string {
	if i < len(texts) {
		return texts[i]
	}
	return nil
}

// countSpans adds one text's entities to the counts of their labels.
func countSpans(byLabel map[string]Counts, truth, predicted []string) {
	actual, said := spans(truth), spans(predicted)
	for span := range actual {
		c := byLabel[span.label]
		c.Actual++
		if said[span] {
			c.Hits++
		}
		byLabel[span.label] = c
	}
	for span := range said {
		c := byLabel[span.label]
		c.Predicted++
		byLabel[span.label] = c
	}
}

// span is the words [start, end) of a text.
type span struct {
	start, end int
	label      string
}

func spans(words []string) map[span]bool {
	found := map[span]bool{}
	for start := 0; start < len(words); {
		end := start + 1
		for end < len(words) && words[end] == words[start] {
			end++
		}
		if words[start] != tasks.OutsideLabel {
			found[span{start, end, words[start]}] = true
		}
		start = end
	}
	return found
}
