package inputs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Sizes say how much there is to do in a case.
type Sizes struct {
	BatchSize int   // examples in a training batch
	Batches   int   // of each task in a pass
	Calls     int   // in Batch, cycling through the texts
	Lengths   []int // tokens of the texts of Latency
	Repeats   int   // texts of each length
	MaxLength int   // tokens that the model reads
}

// Make cuts texts to the sizes. Targets are drawn: how long a step takes
// doesn't depend on them.
func Make(texts []string, tok *tokenize.Tokenizer, list []tasks.Task, sizes Sizes) (Inputs, error) {
	if len(texts) == 0 {
		return Inputs{}, errors.New("make the benchmark's inputs: there are no texts")
	}
	in := Inputs{BatchSize: sizes.BatchSize, Latency: map[string][]string{}, Tokenize: texts}
	for i := range sizes.Calls {
		in.Batch = append(in.Batch, texts[i%len(texts)])
	}
	for _, tokens := range sizes.Lengths {
		for i := range sizes.Repeats {
			text, err := cut(texts, i*7, tokens, tok)
			if err != nil {
				return Inputs{}, fmt.Errorf("make the benchmark's inputs: %w", err)
			}
			key := strconv.Itoa(tokens)
			in.Latency[key] = append(in.Latency[key], text)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	next := 0
	for _, task := range list {
		t := Task{Name: task.Name}
		for range sizes.BatchSize * sizes.Batches {
			enc := tok.Encode(texts[next%len(texts)]).Truncate(sizes.MaxLength)
			t.Examples = append(t.Examples, example(enc, task, random))
			next++
		}
		in.Train = append(in.Train, t)
	}
	return in, nil
}

// cut makes a text of exactly that many tokens, [CLS] and [SEP] included, of
// texts in a row.
func cut(texts []string, first, tokens int, tok *tokenize.Tokenizer) (string, error) {
	var long []string
	for i := range len(texts) + 1 {
		long = append(long, texts[(first+i)%len(texts)])
		text := strings.Join(long, " ")
		enc := tok.Encode(text)
		if len(enc.IDs) < tokens {
			continue
		}
		// A cut inside a word may change its sub-words: take an earlier end, and
		// more of single letters, until the number is right.
		points := []rune(text)
		for last := tokens - 2; last > 0; last-- {
			short := string(points[:enc.Offsets[last].End])
			short += strings.Repeat(" a", max(0, tokens-len(tok.Encode(short).IDs)))
			if len(tok.Encode(short).IDs) == tokens {
				return short, nil
			}
		}
	}
	return "", fmt.Errorf("no text of %d tokens can be made", tokens)
}

// example draws targets for a text.
func example(enc tokenize.Encoding, task tasks.Task, random *rand.Rand) Example {
	ex := Example{IDs: slices.Clone(enc.IDs)}
	switch task.Kind {
	case tasks.Token:
		word := -1
		for _, w := range enc.Words {
			class := int64(tasks.IgnoreToken)
			if w >= 0 && w != word { // the first sub-word has the label, mostly O
				class = int64(max(0, random.IntN(8*len(task.Heads[0].Labels))-7*len(task.Heads[0].Labels)))
			}
			word = w
			ex.Classes = append(ex.Classes, class)
		}
	case tasks.MultiClass:
		for _, head := range task.Heads {
			ex.Classes = append(ex.Classes, random.Int64N(int64(len(head.Labels))))
		}
	case tasks.MultiLabel:
		for _, head := range task.Heads {
			flags := make([]float32, len(head.Labels))
			for i := range flags {
				flags[i] = float32(random.IntN(2))
			}
			ex.Flags = append(ex.Flags, flags)
		}
	}
	return ex
}
