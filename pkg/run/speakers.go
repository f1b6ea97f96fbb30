package run

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// withSpeakers adds speaker tokens to a tokenizer, and names on out those that no call has.
func withSpeakers(tok *tokenize.Tokenizer, labels []string, records []datasets.Records, out io.Writer) (*tokenize.Tokenizer, error) {
	with, err := tok.WithSpeakers(labels)
	if err != nil {
		return nil, fmt.Errorf("tokenizer.speaker_tokens: %w", err)
	}
	for _, label := range labels {
		if !anyHas(datasets.Texts(records), label, anyCase(with, label)) {
			fmt.Fprintf(out, "No call has the speaker token %q: is it written so in the data?\n", label)
		}
	}
	return with, nil
}

// speakerIDs returns the ids of speaker tokens that a tokenizer has, in ascending order.
func speakerIDs(tok *tokenize.Tokenizer, labels []string) []int32 {
	var ids []int32
	for _, label := range labels {
		if e := tok.Encode(label); len(e.IDs) == 3 { // between [CLS] and [SEP]
			ids = append(ids, e.IDs[1])
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// anyCase reports whether a tokenizer reads a label in capitals like the label itself.
func anyCase(tok *tokenize.Tokenizer, label string) bool {
	return slices.Equal(tok.Encode(label).IDs, tok.Encode(strings.ToUpper(label)).IDs) &&
		slices.Equal(tok.Encode(label).IDs, tok.Encode(strings.ToLower(label)).IDs)
}

// anyHas reports whether one of the texts has a label, written so or, with anyCase, in any
// case.
func anyHas(texts iter.Seq[string], label string, anyCase bool) bool {
	lower := strings.ToLower(label)
	for text := range texts {
		if strings.Contains(text, label) || anyCase && strings.Contains(strings.ToLower(text), lower) {
			return true
		}
	}
	return false
}

// newTokens returns, for each token of tok that the pretrained model's tokenizer lacks, the
// ids of its sub-words there.
func (e encoder) newTokens(tok *tokenize.Tokenizer) (map[int32][]int32, error) {
	own, err := tokenize.Load(e.dir)
	if err != nil {
		return nil, err
	}
	pieces := map[int32][]int32{}
	for id := own.VocabSize(); id < tok.VocabSize(); id++ {
		ids := own.Encode(tok.Token(int32(id))).IDs
		pieces[int32(id)] = ids[1 : len(ids)-1]
	}
	return pieces, nil
}
