package distill

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Targets are what a student learns of some texts from its teacher.
type Targets struct {
	task   tasks.Task      // of the student
	logits []fusion.Logits // by text, in the order of the student's labels
}

// Targets puts the teacher's logits into the order of the student's labels.
func (t *Teacher) Targets(logits []fusion.Logits) Targets {
	list := make([]fusion.Logits, len(logits))
	for i, said := range logits {
		list[i].Words = said.Words
		for h, values := range said.Values {
			var ordered []float32
			for width := len(t.order[h]); len(values) > 0; values = values[width:] {
				ordered = reorder(ordered, values[:width], t.order[h])
			}
			list[i].Values = append(list[i].Values, ordered)
		}
	}
	return Targets{t.student, list}
}

// Soften adds the targets to task t of the examples, which were made from the texts by
// the student's tokenizer tok. A token task's words are matched by their position in the
// text: two tokenizers split most texts into the same words, regardless of sub-words. A
// word that only one of them has, that the teacher didn't read, or that has no hard label,
// gets no soft label. Soften returns the share of labelled words, or records, that got one.
func (t Targets) Soften(texts []datasets.Transcript, tok *tokenize.Tokenizer, task int, examples []datasets.Example) (float64, error) {
	if err := t.check(texts, examples); err != nil {
		return 0, err
	}
	labelled, softened := 0, 0
	for _, ex := range examples {
		said := t.logits[ex.Record-1]
		label := &ex.Labels[task]
		if !t.task.PerToken() {
			label.Soft = wholeText(said)
			labelled++
			softened++
			continue
		}
		soft, words := t.softWords(said, tok.Encode(string(texts[ex.Record-1])), len(ex.IDs), func(i int) bool { return label.Classes[i] != tasks.IgnoreToken })
		label.Soft = []datasets.SoftLabel{soft}
		labelled += words
		softened += len(soft.Rows)
	}
	return float64(softened) / float64(max(1, labelled)), nil
}

// Teach appends the targets to [datasets.Example].Taught of examples that have no labels
// of the task, made from the texts as for Soften: those of all words that the teacher
// read and the student reads whole. Examples that skip reports get none; it may be nil.
// Teach returns the share of the others' words, or of the others, that have a target.
func (t Targets) Teach(texts []datasets.Transcript, tok *tokenize.Tokenizer, examples []datasets.Example, skip func(datasets.Example) bool) (float64, error) {
	if err := t.check(texts, examples); err != nil {
		return 0, err
	}
	read, taught := 0, 0
	for i, ex := range examples {
		var targets []datasets.SoftLabel
		said := t.logits[ex.Record-1]
		switch {
		case skip != nil && skip(ex):
		case t.task.PerToken():
			soft, words := t.softWords(said, tok.Encode(string(texts[ex.Record-1])), len(ex.IDs), func(int) bool { return true })
			targets = []datasets.SoftLabel{soft}
			read += words
			taught += len(soft.Rows)
		default:
			targets = wholeText(said)
			read++
			taught++
		}
		examples[i].Taught = append(examples[i].Taught, targets)
	}
	return float64(taught) / float64(max(1, read)), nil
}

// Soften is [Targets.Soften] of the teacher's logits.
func (t *Teacher) Soften(logits []fusion.Logits, texts []datasets.Transcript, tok *tokenize.Tokenizer, task int, examples []datasets.Example) (float64, error) {
	return t.Targets(logits).Soften(texts, tok, task, examples)
}

// check refuses targets of other texts than those that the examples were made from.
func (t Targets) check(texts []datasets.Transcript, examples []datasets.Example) error {
	if len(t.logits) != len(texts) {
		return fmt.Errorf("soft labels: the teacher speaks of %d records, there are %d", len(t.logits), len(texts))
	}
	for _, ex := range examples {
		if ex.Record < 1 || ex.Record > len(texts) {
			return fmt.Errorf("soft labels: an example is of record %d, there are %d", ex.Record, len(texts))
		}
	}
	return nil
}

// wholeText is the target of a text for a task of texts.
func wholeText(said fusion.Logits) []datasets.SoftLabel {
	list := make([]datasets.SoftLabel, len(said.Values))
	for h, values := range said.Values {
		list[h].Logits = values
	}
	return list
}

// softWords matches the teacher's words with the wanted first sub-words of the student's,
// who reads that many tokens.
func (t Targets) softWords(said fusion.Logits, enc tokenize.Encoding, tokens int, wanted func(token int) bool) (soft datasets.SoftLabel, words int) {
	row := make(map[tokenize.Span]int, len(said.Words))
	for i, span := range said.Words {
		row[span] = i
	}
	width := len(t.task.Heads[0].Labels)
	enc = enc.Truncate(tokens)
	for i := range enc.IDs {
		if enc.Words[i] < 0 || !wanted(i) || enc.Words[i] == enc.Words[i-1] {
			continue
		}
		words++
		at, found := row[wordSpan(enc, i)]
		if !found {
			continue
		}
		soft.Rows = append(soft.Rows, int32(i))
		soft.Logits = append(soft.Logits, said.Values[0][at*width:(at+1)*width]...)
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
