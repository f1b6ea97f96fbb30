package distill

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Soften adds the teacher's logits for the records to task t of the examples, which were
// made from them by the student's tokenizer tok. A token task's words are matched by
// their position in the text: two tokenizers split most texts into the same words,
// regardless of sub-words. A word that only one of them has, that the teacher didn't
// read, or that has no hard label, gets no soft label. Soften returns the share of
// labelled words, or records, that got one.
func (t *Teacher) Soften(logits []fusion.Logits, texts []datasets.Transcript, tok *tokenize.Tokenizer, task int, examples []datasets.Example) (float64, error) {
	if len(logits) != len(texts) {
		return 0, fmt.Errorf("soft labels: the teacher speaks of %d records, there are %d", len(logits), len(texts))
	}
	labelled, softened := 0, 0
	for _, ex := range examples {
		said := logits[ex.Record-1]
		label := &ex.Labels[task]
		if !t.task.PerToken() {
			label.Soft = make([]datasets.SoftLabel, len(said.Values))
			for h, values := range said.Values {
				label.Soft[h].Logits = reorder(nil, values, t.order[h])
			}
			labelled++
			softened++
			continue
		}
		soft, words := t.softWords(said, tok.Encode(string(texts[ex.Record-1])), label.Classes)
		label.Soft = []datasets.SoftLabel{soft}
		labelled += words
		softened += len(soft.Rows)
	}
	return float64(softened) / float64(max(1, labelled)), nil
}

// softWords matches the teacher's words with the labelled first sub-words of the
// student's.
func (t *Teacher) softWords(said fusion.Logits, enc tokenize.Encoding, classes []int64) (soft datasets.SoftLabel, words int) {
	row := make(map[tokenize.Span]int, len(said.Words))
	for i, span := range said.Words {
		row[span] = i
	}
	width := len(t.order[0])
	for i := range classes {
		if classes[i] == tasks.IgnoreToken || i > 0 && enc.Words[i] == enc.Words[i-1] {
			continue
		}
		words++
		at, found := row[wordSpan(enc, i)]
		if !found {
			continue
		}
		soft.Rows = append(soft.Rows, int32(i))
		soft.Logits = reorder(soft.Logits, said.Values[0][at*width:(at+1)*width], t.order[0])
	}
	return soft, words
}

// wordSpan returns the position of the word that starts with token first.
func wordSpan(enc tokenize.Encoding, first int) tokenize.Span {
	last := first
	for last+1 < len(enc.Words) && enc.Words[last+1] == enc.Words[first] {
		last++
	}
	return tokenize.Span{Start: enc.Offsets[first].Start, End: enc.Offsets[last].End}
}

// reorder appends a row of the teacher's logits in the order of the student's labels.
func reorder(list, row []float32, order []int) []float32 {
	for _, i := range order {
		list = append(list, row[i])
	}
	return list
}
