package run

import (
	"fmt"
	"io"
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
		calls := 0
		for text := range datasets.Texts(records) {
			if strings.Contains(text, label) {
				calls++
			}
		}
		if calls == 0 {
			fmt.Fprintf(out, "No call has the speaker token %q: is it written so in the data?\n", label)
		}
	}
	return with, nil
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
