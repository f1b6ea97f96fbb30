package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/parallel"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/label"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// unlabelled are calls without labels, which only teachers teach.
type unlabelled struct {
	texts  []datasets.Transcript
	train  datasets.Loader // an example's record is the number of its text, from 1
	digest string          // of the texts

	skipped, long, repaired int // unreadable; longer than the student reads; partly not UTF-8
	windowed                int // of several windows
}

// readUnlabelled reads the calls of distill.unlabelled_path for a student with the
// tokenizer tok; a file that it names more than once is read once, with a warning. A call
// longer than the student reads is truncated or, with tokenizer.truncation: false, left
// out. Calls that can't be read are an error, or with skipBad left out.
func readUnlabelled(ctx context.Context, c config.Config, tok *tokenize.Tokenizer, skipBad bool, stderr io.Writer) (*unlabelled, error) {
	warnOfRepeatedFiles("distill.unlabelled_path", c.Distill.UnlabelledPath, stderr)
	u := &unlabelled{}
	for call, err := range label.ReadCalls(c.Distill.UnlabelledPath) {
		switch {
		case errors.Is(err, label.ErrBadCall) && skipBad:
			u.skipped++
			continue
		case errors.Is(err, label.ErrBadCall):
			return nil, fmt.Errorf("distill.unlabelled_path: %w; mend it, or leave out such calls with --skip-bad-records", err)
		case err != nil:
			return nil, fmt.Errorf("distill.unlabelled_path: %w", err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		if call.Repaired {
			u.repaired++
		}
		u.texts = append(u.texts, call.Text)
	}
	if err := u.encode(ctx, tok, limitsOf(c, tok)); err != nil {
		return nil, fmt.Errorf("distill.unlabelled_path: %w", err)
	}
	if len(u.train.Examples) == 0 {
		return nil, fmt.Errorf("distill.unlabelled_path: there is no call in %s that the student can read: give files, folders or patterns of calls", c.Distill.UnlabelledPath)
	}
	u.train.BatchSize = c.Training.BatchSize
	u.train.Collator = datasets.Collator{PadID: int64(tok.PadID()), PadTo: padTo(c.Tokenizer)}
	return u, nil
}

// encode makes the examples, and the digest.
func (u *unlabelled) encode(ctx context.Context, tok *tokenize.Tokenizer, limits datasets.Limits) error {
	examples := make([]datasets.Example, len(u.texts))
	long := make([]bool, len(u.texts))
	if err := parallel.Each(ctx, len(examples), func(i int) error {
		enc := tok.Encode(string(u.texts[i]))
		if long[i] = len(enc.IDs) > limits.Longest(); !long[i] || limits.Truncate {
			examples[i] = datasets.Example{Record: i + 1, IDs: enc.Truncate(limits.Longest()).IDs}
		}
		return nil
	}); err != nil {
		return err
	}
	hash := sha256.New()
	for i, text := range u.texts {
		fmt.Fprintf(hash, "%d %s\n", len(text), string(text))
		if long[i] {
			u.long++
		}
	}
	u.digest = hex.EncodeToString(hash.Sum(nil)[:8])
	u.train.Windows = limits.Windows
	u.train.Examples = slices.DeleteFunc(examples, func(ex datasets.Example) bool { return ex.Record == 0 })
	for _, ex := range u.train.Examples {
		if datasets.CutsOf(limits.Windows, ex.IDs).Count() > 1 {
			u.windowed++
		}
	}
	return nil
}

// describe counts the calls in one line.
func (u *unlabelled) describe(truncated bool) string {
	count := func(n int) string { return numbers.Thousands(int64(n)) }
	parts := []string{count(len(u.train.Examples)) + " train"}
	if u.windowed > 0 {
		parts = append(parts, count(u.windowed)+" of them in windows")
	}
	if u.long > 0 {
		how := "left out"
		if truncated {
			how = "truncated"
		}
		parts = append(parts, count(u.long)+" too long, "+how)
	}
	if u.skipped > 0 {
		parts = append(parts, count(u.skipped)+" left out, which can't be read")
	}
	if u.repaired > 0 {
		parts = append(parts, count(u.repaired)+" with bytes that aren't UTF-8, read as U+FFFD")
	}
	return strings.Join(parts, "; ")
}
