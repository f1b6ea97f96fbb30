package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Paths says where each task's records lie; an empty path leaves the task out.
type Paths struct{ NER, CLS, QA string }

// Missing lists the files that don't exist.
func (p Paths) Missing() []string {
	var missing []string
	for _, path := range []string{p.NER, p.CLS, p.QA} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); os.IsNotExist(err) {
			missing = append(missing, path)
		}
	}
	return missing
}

// Records are the records of all tasks, as read.
type Records struct {
	Paths Paths
	NER   []NERRecord
	Cases []CaseRecord
	QA    []QARecord
}

// Load reads the files of all tasks that paths names.
func Load(ctx context.Context, paths Paths) (Records, error) {
	r := Records{Paths: paths}
	for _, load := range []struct {
		path string
		read func(string) error
	}{
		{paths.NER, func(path string) (err error) { r.NER, err = LoadNER(path); return err }},
		{paths.CLS, func(path string) (err error) { r.Cases, err = LoadCases(path); return err }},
		{paths.QA, func(path string) (err error) { r.QA, err = LoadQA(path); return err }},
	} {
		if err := ctx.Err(); err != nil {
			return Records{}, err
		}
		if load.path == "" {
			continue
		}
		if err := load.read(load.path); err != nil {
			return Records{}, err
		}
	}
	return r, nil
}

// Texts yields every transcript, to make a vocabulary from.
func (r Records) Texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range r.NER {
			if !yield(string(n.Text)) {
				return
			}
		}
		for _, c := range r.Cases {
			if !yield(string(c.Narrative)) {
				return
			}
		}
		for _, q := range r.QA {
			if !yield(string(q.Text)) {
				return
			}
		}
	}
}

// Encode makes the examples of each task whose records were read, in the order
// NER, CLS, QA.
func (r Records) Encode(ctx context.Context, tok *tokenize.Tokenizer, limits Limits) ([]Set, error) {
	var sets []Set
	for _, encode := range []struct {
		path string
		set  func() (Set, error)
	}{
		{r.Paths.NER, func() (Set, error) { return NewNERSet(ctx, tok, r.NER, limits) }},
		{r.Paths.CLS, func() (Set, error) { return NewCLSSet(ctx, tok, r.Cases, limits) }},
		{r.Paths.QA, func() (Set, error) { return NewQASet(ctx, tok, r.QA, limits) }},
	} {
		if encode.path == "" {
			continue
		}
		set, err := encode.set()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", encode.path, err)
		}
		set.Path = encode.path
		sets = append(sets, set)
	}
	return sets, nil
}

// Split holds out testSize of the set's examples for validation, the same ones
// as scikit-learn's train_test_split.
func (s Set) Split(testSize float64, seed uint32) (train, val []Example, err error) {
	trainIndex, valIndex, err := TrainTestSplit(len(s.Examples), testSize, seed)
	if err != nil {
		return nil, nil, fmt.Errorf("split %s: %w", s.Path, err)
	}
	pick := func(index []int) []Example {
		picked := make([]Example, len(index))
		for i, j := range index {
			picked[i] = s.Examples[j]
		}
		return picked
	}
	return pick(trainIndex), pick(valIndex), nil
}

// Digest identifies a data file's contents: the first 8 bytes of its SHA-256,
// in hex, as MLflow shows a data set.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("digest of data: %w", err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("digest of data: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}
