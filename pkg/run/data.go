package run

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

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// data is everything that a run learns from.
type data struct {
	tokenizer *tokenize.Tokenizer
	sources   []source
}

// source is what comes of one data file.
type source struct {
	records          datasets.Records
	set              datasets.Set
	split            datasets.Split
	train, val, test datasets.Loader // test has no examples if nothing is held out for it
	digest           string          // of the file's contents; see identify
}

func (d *data) tasks() []tasks.Task {
	var list []tasks.Task
	for _, s := range d.sources {
		list = append(list, s.set.Tasks...)
	}
	return list
}

// each lists one thing of every source.
func each[T any](sources []source, get func(source) T) []T {
	var list []T
	for _, s := range sources {
		list = append(list, get(s))
	}
	return list
}

func (d *data) sets() []datasets.Set {
	return each(d.sources, func(s source) datasets.Set { return s.set })
}

func (d *data) splits() []datasets.Split {
	return each(d.sources, func(s source) datasets.Split { return s.split })
}

func (d *data) train() []datasets.Loader {
	return each(d.sources, func(s source) datasets.Loader { return s.train })
}

func (d *data) val() []datasets.Loader {
	return each(d.sources, func(s source) datasets.Loader { return s.val })
}

// test is empty if nothing is held out for it.
func (d *data) test() []datasets.Loader {
	var list []datasets.Loader
	for _, s := range d.sources {
		if s.split.Test != nil {
			list = append(list, s.test)
		}
	}
	return list
}

// loadData reads the files' records, and cuts them into training and validation
// batches. Records that can't be used are an error, unless they are to be skipped.
func loadData(ctx context.Context, c config.Config, e encoder, files []datasets.Source, o Options) (*data, error) {
	for i := range files {
		files[i].SkipBad = o.SkipBad
	}
	all, err := datasets.LoadAll(ctx, files)
	if err != nil {
		return nil, explainBadRecords(err)
	}
	warn(all, o.Err)
	d := &data{}
	if d.tokenizer, err = e.makeTokenizer(ctx, c.Tokenizer, all, o.Out); err != nil {
		return nil, err
	}
	for _, records := range all {
		set, err := records.Encode(ctx, d.tokenizer, limits(c))
		if err != nil {
			return nil, err
		}
		for _, warning := range set.Warnings {
			fmt.Fprintf(o.Err, "train: warning: %s: %s\n", set.Path, warning)
		}
		d.sources = append(d.sources, source{records: records, set: set})
	}
	if err := d.split(c); err != nil {
		return nil, err
	}
	d.warnOfDuplicates(o.Err)
	return d, nil
}

func limits(c config.Config) datasets.Limits {
	return datasets.Limits{MaxLength: c.Tokenizer.MaxLength, Truncate: c.Tokenizer.Truncation, AllSubwords: c.Data.LabelAllSubwords}
}

func shares(asked config.Data) datasets.Shares {
	return datasets.Shares{
		Test: asked.TestSize, Val: asked.ValidationSize, ValOfRest: asked.ValidationOf == config.ValidationOfRest,
		Seed: asked.RandomSeed, Stratify: asked.Stratify,
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

// identify takes the digests of the files.
func (d *data) identify() error {
	for i := range d.sources {
		var err error
		if d.sources[i].digest, err = datasets.Digest(d.sources[i].set.Path); err != nil {
			return err
		}
	}
	return nil
}

// split makes the loaders.
func (d *data) split(c config.Config) error {
	collator := datasets.Collator{PadID: int64(d.tokenizer.PadID())}
	if c.Tokenizer.Padding == config.PadMaxLength {
		collator.PadTo = c.Tokenizer.MaxLength
	}
	for i := range d.sources {
		s := &d.sources[i]
		var err error
		if s.split, err = s.set.Split(shares(c.Data)); err != nil {
			return err
		}
		loader := func(examples []datasets.Example) datasets.Loader {
			return datasets.Loader{Tasks: s.set.Tasks, Examples: examples, BatchSize: c.Training.BatchSize, Collator: collator}
		}
		s.train, s.val, s.test = loader(s.split.Train), loader(s.split.Val), loader(s.split.Test)
	}
	return nil
}

// alsoTried says which of the missing files were looked for beside the configuration.
func alsoTried(c config.Config, missing []string, o Options) string {
	beside := 0
	for _, path := range missing {
		if o.File != "" && c.TriedBeside(path, o.Set) {
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
func provide(ctx context.Context, c config.Config, files []datasets.Source, o Options) error {
	var missing []string
	for _, file := range files {
		if _, err := os.Stat(file.Path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, file.Path)
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
	fmt.Fprintf(o.Out, "Made demo data in %s (%s): made-up calls, no real persons.\n", dir, summary.Elapsed.Round(100*time.Millisecond))
	return nil
}
