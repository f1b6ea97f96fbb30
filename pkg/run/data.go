package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// data is all the data of a run.
type data struct {
	tokenizer *tokenize.Tokenizer
	sources   []source

	unlabelled *unlabelled // calls for teachers alone; nil: none
	reviews    *reviewed   // what people said of calls; nil: no data.reviews
}

// source is the data of one file.
type source struct {
	records          datasets.Records
	set              datasets.Set
	split            datasets.Split
	train, val, test datasets.Loader // test has no examples if nothing is held out for it
	digest           string          // of the file's contents; see identify
	madeUp           bool            // they are demo calls; see identify
}

func (d *data) tasks() []tasks.Task {
	var list []tasks.Task
	for _, s := range d.sources {
		list = append(list, s.set.Tasks...)
	}
	return list
}

// each collects one property of every source.
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

// windowed reports whether any record is read in more than one window.
func (d *data) windowed() bool {
	return slices.ContainsFunc(d.sets(), func(s datasets.Set) bool {
		return slices.ContainsFunc(s.Filters, func(f datasets.Filter) bool { return f.Windowed > 0 })
	})
}

func (d *data) splits() []datasets.Split {
	return each(d.sources, func(s source) datasets.Split { return s.split })
}

func (d *data) train() []datasets.Loader {
	list := each(d.sources, func(s source) datasets.Loader { return s.train })
	if d.unlabelled != nil {
		list = append(list, d.unlabelled.train)
	}
	return list
}

func (d *data) val() []datasets.Loader {
	return each(d.sources, func(s source) datasets.Loader { return s.val })
}

// test returns the test loaders, which are empty if no test records are held out.
func (d *data) test() []datasets.Loader {
	var list []datasets.Loader
	for _, s := range d.sources {
		if s.split.Test != nil {
			list = append(list, s.test)
		}
	}
	return list
}

// load reads the files' records and splits them into training and validation batches.
// Unusable records are an error, unless they are to be skipped.
func (p dataPlan) load(ctx context.Context, e encoder, o Options) (*data, error) {
	reviews, err := p.readReviews()
	if err != nil {
		return nil, err
	}
	all, err := datasets.LoadAll(ctx, p.sources(o.SkipBad, reviews))
	if err != nil {
		return nil, explainBadRecords(err)
	}
	warn(all, o.Err)
	d := &data{reviews: reviews}
	reviews.say(all, o.Out, o.Err)
	if d.tokenizer, err = e.makeTokenizer(ctx, p.tokenizer, all, o.Out); err != nil {
		return nil, err
	}
	for _, records := range all {
		set, err := records.Encode(ctx, d.tokenizer, p.limits(d.tokenizer))
		if err != nil {
			return nil, err
		}
		for _, warning := range set.Warnings {
			fmt.Fprintf(o.Err, "train: warning: %s: %s\n", set.Path, warning)
		}
		d.sources = append(d.sources, source{records: records, set: set})
	}
	if err := d.split(p); err != nil {
		return nil, err
	}
	d.warnOfDuplicates(o.Err)
	return d, nil
}

// explainBadRecords adds to an error about bad records what the user can do.
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

// exceptBreaks names the errors that can't be skipped.
func exceptBreaks(found *datasets.BadRecords) string {
	if found.Unreadable {
		return " (but for those after which nothing can be read)"
	}
	return ""
}

// warn counts the skipped records, and reports what is doubtful in the others.
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

// identify computes the digests of the files, once.
func (d *data) identify() error {
	for i := range d.sources {
		if d.sources[i].digest != "" {
			continue
		}
		var err error
		if d.sources[i].digest, err = datasets.Digest(d.sources[i].set.Path); err != nil {
			return err
		}
		if d.sources[i].madeUp, err = synth.MadeUp(d.sources[i].set.Path, d.sources[i].digest); err != nil {
			return err
		}
	}
	return nil
}

// madeUp reports whether any calls are demo calls.
func (d *data) madeUp() bool {
	return slices.ContainsFunc(d.sources, func(s source) bool { return s.madeUp })
}

// split creates the loaders.
func (d *data) split(p dataPlan) error {
	collator := datasets.Collator{PadID: int64(d.tokenizer.PadID()), PadTo: p.padTo}
	for i := range d.sources {
		s := &d.sources[i]
		var err error
		if s.split, err = s.set.Split(p.shares); err != nil {
			return err
		}
		loader := func(examples []datasets.Example) datasets.Loader {
			return datasets.Loader{Tasks: s.set.Tasks, Examples: examples, BatchSize: p.batchSize, Collator: collator, Windows: s.set.Windows}
		}
		s.train, s.val, s.test = loader(s.split.Train), loader(s.split.Val), loader(s.split.Test)
	}
	return nil
}

// longest returns the number of tokens of the longest text in the training share, as far as
// it is read.
func (d *data) longest() int {
	longest := 0
	for _, s := range d.sources {
		for _, ex := range s.split.Train {
			longest = max(longest, len(ex.IDs))
		}
	}
	return longest
}
