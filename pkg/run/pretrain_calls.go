package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/label"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// callTexts are the calls' texts, without calls that can't be read. Any other reading error
// is put into failed.
func callTexts(paths []string, failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for call, err := range label.ReadCalls(paths) {
			switch {
			case errors.Is(err, label.ErrBadCall):
			case err != nil:
				*failed = err
				return
			case !yield(string(call.Text)):
				return
			}
		}
	}
}

// readCalls makes the run's data from the calls.
func (r *Run) readCalls(ctx context.Context, tok *tokenize.Tokenizer) error {
	c, o := r.config, r.options
	started := time.Now()
	warnOfRepeatedFiles("data.pretrain_path", c.Data.PretrainPath, o.Err)
	corpus, err := pretrain.ReadCorpus(ctx, c.Data.PretrainPath, tok, c.Tokenizer.MaxLength, o.SkipBad)
	if errors.Is(err, label.ErrBadCall) {
		return fmt.Errorf("%w; mend it, or leave out such calls with --skip-bad-records", err)
	}
	if err != nil {
		return err
	}
	train, val, err := corpus.Split(c.Data.TestSize, uint64(c.Data.RandomSeed))
	if err != nil {
		return err
	}
	masker, err := pretrain.NewMasker(tok, c.Pretrain.MaskProbability, c.Pretrain.WholeWord)
	if err != nil {
		return err
	}
	s := source{
		set: datasets.Set{
			Path: strings.Join(c.Data.PretrainPath, ", "), Tasks: []tasks.Task{pretrain.Task()}, MaxLength: c.Tokenizer.MaxLength,
			Filters: []datasets.Filter{{Before: corpus.Calls + corpus.Skipped, After: corpus.Calls, Skipped: corpus.Skipped}},
		},
		split:  datasets.Split{Train: pretrain.Examples(train), Val: pretrain.Examples(val)},
		digest: corpus.Digest(),
	}
	collator := datasets.Collator{PadID: int64(tok.PadID()), PadTo: padTo(c.Tokenizer)}
	loader := func(examples []datasets.Example) datasets.Loader {
		return datasets.Loader{Tasks: s.set.Tasks, Examples: examples, BatchSize: c.Training.BatchSize, Collator: collator, Vary: masker.Vary}
	}
	s.train, s.val = loader(s.split.Train), loader(s.split.Val)
	inTrain, inVal := maskable(masker, s.train), maskable(masker, s.val)
	if err := checkMaskable(inTrain, inVal, s.train, s.val); err != nil {
		return err
	}
	r.data = &data{tokenizer: tok, sources: []source{s}}
	r.pretraining.counts = corpus.Counts
	tellCalls(o.Out, corpus.Counts, len(train), len(val), c.Tokenizer.MaxLength, time.Since(started))
	warnOfCalls(corpus.Counts, o.Err)
	warnOfShare(corpus.Counts, pretrain.CallsOf(val), c.Data.TestSize, o.Err)
	warnOfUnknown(inTrain+inVal, corpus, o.Err)
	return nil
}

// checkMaskable refuses calls that give nothing to learn, or nothing to choose the best
// weights by. inTrain and inVal are the numbers of tokens that can be masked.
func checkMaskable(inTrain, inVal int, train, val datasets.Loader) error {
	const fits = "the vocabulary doesn't fit them: take an encoder of their language and script, or make a vocabulary of the calls with backbone.init=random"
	switch {
	case inTrain+inVal == 0:
		return fmt.Errorf("mask tokens: no token of the calls can be masked, as all are [UNK] or other special tokens; %s", fits)
	case inTrain == 0:
		return fmt.Errorf("mask tokens: no token of the calls to train on (%d of %d examples) can be masked, as all are [UNK] or other special tokens; %s", len(train.Examples), len(train.Examples)+len(val.Examples), fits)
	case inVal == 0:
		return fmt.Errorf("hold calls back for evaluation: none of their tokens can be masked, as all are [UNK] or other special tokens (%d of %d examples are held back): raise data.test_size, set another data.random_seed, or take an encoder whose vocabulary fits the calls",
			len(val.Examples), len(train.Examples)+len(val.Examples))
	case !anyMasked(val):
		return fmt.Errorf("hold calls back for evaluation: none of their tokens is masked, so no perplexity can be computed (%d of %d examples are held back): give more calls, or raise data.test_size or pretrain.mask_probability",
			len(val.Examples), len(train.Examples)+len(val.Examples))
	}
	return nil
}

// maskable counts the tokens that can be masked.
func maskable(m *pretrain.Masker, l datasets.Loader) int {
	n := 0
	for _, ex := range l.Examples {
		n += m.Maskable(ex.IDs)
	}
	return n
}

// anyMasked reports whether validation, whose masks never change, has a token to predict.
// Without one its loss would be 0, and the first epoch the best.
func anyMasked(val datasets.Loader) bool {
	for _, ref := range val.Ordered() {
		if ref.Batch().Parts[0].Targets[0].Valid > 0 {
			return true
		}
	}
	return false
}

func tellCalls(out io.Writer, n pretrain.Counts, train, val, maxLength int, took time.Duration) {
	count := func(n int) string { return numbers.Thousands(int64(n)) }
	fmt.Fprintf(out, "Calls: %s, %s tokens (read in %s); %s longer than %d tokens, and cut into pieces\n",
		count(n.Calls), count(n.Tokens), took.Round(100*time.Millisecond), numbers.Are(n.Long, "call"), maxLength)
	fmt.Fprintf(out, "\nFinal dataset sizes:\n  MLM: %d train / %d val\n", train, val)
}

// warnOfRepeatedFiles says which files the setting key, whose value is paths, names more
// than once.
func warnOfRepeatedFiles(key string, paths []string, stderr io.Writer) {
	switch repeated := label.RepeatedFiles(paths); len(repeated) {
	case 0:
	case 1:
		fmt.Fprintf(stderr, "train: warning: %s names %s more than once: it is read once\n", key, repeated[0])
	default:
		fmt.Fprintf(stderr, "train: warning: %s names %d files more than once, %s first: each is read once\n", key, len(repeated), repeated[0])
	}
}

func warnOfCalls(n pretrain.Counts, stderr io.Writer) {
	if n.Repaired > 0 {
		fmt.Fprintf(stderr, "train: warning: %s with bytes that aren't UTF-8; each such place was read as U+FFFD\n", numbers.Of(n.Repaired, "call"))
	}
	if n.Skipped > 0 {
		fmt.Fprintf(stderr, "train: warning: left out %s that can't be read\n", numbers.Of(n.Skipped, "call"))
	}
}

// warnOfShare says that repetitions have made the share of calls held out, which are held
// of n, less than half of what was asked for, or more than one and a half times as much.
func warnOfShare(n pretrain.Counts, held int, share float64, stderr io.Writer) {
	asked := int(math.Ceil(share * float64(n.Calls)))
	off := max(held-asked, asked-held)
	if n.Repeats == 0 || off <= 1 || 2*off <= asked {
		return
	}
	fmt.Fprintf(stderr, "train: warning: %s an earlier one's text, and calls with the same text stay together: %s held out, %.2g %% instead of data.test_size's %.2g %%; leave repeated calls out of the files\n",
		repeat(n.Repeats), numbers.Are(held, "call"), 100*float64(held)/float64(n.Calls), 100*share)
}

func repeat(n int) string {
	if n == 1 {
		return "1 call repeats"
	}
	return numbers.Of(n, "call") + " repeat"
}

// warnOfUnknown says that most tokens aren't in the vocabulary; maskable are the others.
func warnOfUnknown(maskable int, c pretrain.Corpus, stderr io.Writer) {
	all := c.Tokens - 2*len(c.Pieces) // without [CLS] and [SEP]
	if 2*maskable < all {
		fmt.Fprintf(stderr, "train: warning: %.0f %% of the calls' tokens are [UNK] or other special tokens, which are never masked: the encoder's vocabulary doesn't fit the calls\n", 100*float64(all-maskable)/float64(all))
	}
}
