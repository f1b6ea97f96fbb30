package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// data is everything that a run learns from. Its slices have an element for
// each data file.
type data struct {
	tokenizer        *tokenize.Tokenizer
	records          []datasets.Records
	sets             []datasets.Set
	splits           []datasets.Split
	train, val, test []datasets.Loader // test is empty if nothing is held out for it
}

func (d *data) tasks() []tasks.Task {
	var list []tasks.Task
	for _, set := range d.sets {
		list = append(list, set.Tasks...)
	}
	return list
}

// loadData reads the records, makes them first where the configuration says
// so, and cuts them into training and validation batches. Records that can't be
// used are an error, unless they are to be skipped.
func loadData(ctx context.Context, c config.Config, e encoder, o options, io cli.Streams) (*data, error) {
	if err := provide(ctx, c, o, io); err != nil {
		return nil, err
	}
	list, err := sources(c)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].SkipBad = o.skipBad
	}
	d := &data{}
	if d.records, err = datasets.LoadAll(ctx, list); err != nil {
		return nil, explainBadRecords(err)
	}
	warn(d.records, io.Err)
	if d.tokenizer, err = makeTokenizer(ctx, c, e, d.records, io); err != nil {
		return nil, err
	}
	for _, records := range d.records {
		set, err := records.Encode(ctx, d.tokenizer, limits(c))
		if err != nil {
			return nil, err
		}
		for _, warning := range set.Warnings {
			fmt.Fprintf(io.Err, "train: warning: %s: %s\n", set.Path, warning)
		}
		d.sets = append(d.sets, set)
	}
	if err := d.split(c); err != nil {
		return nil, err
	}
	d.warnOfSameText(io.Err)
	return d, nil
}

func limits(c config.Config) datasets.Limits {
	return datasets.Limits{MaxLength: c.Tokenizer.MaxLength, Truncate: c.Tokenizer.Truncation, AllSubwords: c.Data.LabelAllSubwords}
}

func shares(c config.Config) datasets.Shares {
	return datasets.Shares{
		Test: c.Data.TestSize, Val: c.Data.ValidationSize, ValOfRest: c.Data.ValidationOf == config.ValidationOfRest,
		Seed: c.Data.RandomSeed, Stratify: c.Data.Stratify,
	}
}

// explainBadRecords adds to the error of bad records what can be done.
func explainBadRecords(err error) error {
	var found *datasets.BadRecords
	switch {
	case !errors.As(err, &found):
		return err
	case found.Total() > 1:
		return fmt.Errorf("%w\nMend them, or leave them out with --skip-bad-records%s; --check-data says more of the data", err, exceptBreaks(found))
	case found.Unreadable:
		return fmt.Errorf("%w; mend the file", err)
	}
	return fmt.Errorf("%w; mend the record, or leave it out with --skip-bad-records", err)
}

// exceptBreaks says what can't be left out.
func exceptBreaks(found *datasets.BadRecords) string {
	if found.Unreadable {
		return " (but for those after which nothing can be read)"
	}
	return ""
}

// warn counts the records that are left out, and says what is doubtful in the
// others.
func warn(all []datasets.Records, w io.Writer) {
	for _, r := range all {
		if n := r.Problems.Total(); n > 0 {
			fmt.Fprintf(w, "train: warning: %s: left out %d of %d records: %s (--check-data lists them)\n", r.Path, n, len(r.Texts), r.Problems.ByKind())
		}
		for _, warning := range r.Warnings {
			fmt.Fprintf(w, "train: warning: %s: %s\n", r.Path, warning)
		}
	}
}

// digests identifies the contents of each file.
func (d *data) digests() ([]string, error) {
	list := make([]string, len(d.sets))
	for i, set := range d.sets {
		var err error
		if list[i], err = datasets.Digest(set.Path); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// split makes the loaders.
func (d *data) split(c config.Config) error {
	collator := datasets.Collator{PadID: int64(d.tokenizer.PadID())}
	if c.Tokenizer.Padding == config.PadMaxLength {
		collator.PadTo = c.Tokenizer.MaxLength
	}
	for i := range d.sets {
		set := &d.sets[i]
		split, err := set.Split(shares(c))
		if err != nil {
			return err
		}
		d.splits = append(d.splits, split)
		loader := func(examples []datasets.Example) datasets.Loader {
			return datasets.Loader{Tasks: set.Tasks, Examples: examples, BatchSize: c.Training.BatchSize, Collator: collator}
		}
		d.train, d.val = append(d.train, loader(split.Train)), append(d.val, loader(split.Val))
		if split.Test != nil {
			d.test = append(d.test, loader(split.Test))
		}
	}
	return nil
}

// makeTokenizer reads the pretrained model's, or makes a vocabulary from the
// records.
func makeTokenizer(ctx context.Context, c config.Config, e encoder, records []datasets.Records, io cli.Streams) (*tokenize.Tokenizer, error) {
	if e.dir != "" {
		tok, err := tokenize.Load(e.dir)
		if err == nil {
			tok.SetModelMaxLength(c.Tokenizer.MaxLength) // what the model will have learnt to read
		}
		return tok, err
	}
	size := c.Tokenizer.VocabSize
	if c.Backbone.Init == config.InitPretrained {
		size = int(vocabularyOf(c))
		fmt.Fprintf(io.Out, "%s isn't on this machine: lengths are counted with a vocabulary made from the data.\n", c.Backbone.ModelName)
	}
	started := time.Now()
	options := tokenize.Options{ModelMaxLength: c.Tokenizer.MaxLength, LowerCase: c.Tokenizer.LowerCase || c.Backbone.Init == config.InitPretrained && uncased(c)}
	vocab, err := tokenize.Train(ctx, datasets.Texts(records), size, options)
	if err != nil {
		return nil, fmt.Errorf("make a vocabulary from the data: %w", err)
	}
	fmt.Fprintf(io.Out, "Made a vocabulary of %d tokens from the data (%s).\n", len(vocab), time.Since(started).Round(100*time.Millisecond))
	return tokenize.New(vocab, options)
}

// alsoTried says which of the missing files were looked for beside the configuration.
func alsoTried(c config.Config, missing []string, o options) string {
	beside := 0
	for _, path := range missing {
		if o.file != "" && c.TriedBeside(path, o.set) {
			beside++
		}
	}
	switch beside {
	case 0:
		return ""
	case len(missing):
		return ", then from the file's own folder"
	}
	return ", then, unless --set names them, from the file's own folder"
}

// provide makes demo data where files are missing and the configuration asks
// for it.
func provide(ctx context.Context, c config.Config, o options, io cli.Streams) error {
	list, err := sources(c)
	if err != nil {
		return err
	}
	var missing []string
	for _, source := range list {
		if _, err := os.Stat(source.Path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, source.Path)
		}
	}
	demo := c.Data.Generate
	switch {
	case len(missing) == 0:
		return nil
	case !demo.Enabled():
		return fmt.Errorf("data is missing: %s; set the paths in the configuration (they are tried from the working directory%s), or make demo data with `go run ./cmd/datagen`",
			strings.Join(missing, ", "), alsoTried(c, missing, o))
	}
	dir := filepath.Dir(missing[0])
	for _, path := range missing {
		if !slices.Contains(synth.Files(dir), filepath.Clean(path)) {
			return fmt.Errorf("data is missing: %s; demo data would go to %s: name it there, or set data.generate to nothing",
				path, strings.Join(synth.Files(dir), ", "))
		}
	}
	for _, path := range synth.Files(dir) {
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("data is missing: %s, beside files that are there; remove those to have demo data made, or set data.generate to nothing",
				strings.Join(missing, ", "))
		}
	}
	summary, err := synth.WriteAll(ctx, dir, synth.Options{NER: demo.NER, Cases: demo.Cases, QA: demo.QA, Seed: demo.Seed, Short: demo.Short}, nil)
	if err != nil {
		return fmt.Errorf("make demo data: %w", err)
	}
	fmt.Fprintf(io.Out, "Made demo data in %s (%s): made-up calls, no real persons.\n", dir, summary.Elapsed.Round(100*time.Millisecond))
	return nil
}
