package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// data is everything that a run learns from.
type data struct {
	tokenizer  *tokenize.Tokenizer
	sets       []datasets.Set
	train, val []datasets.Loader // one for each set
}

func (d *data) tasks() []tasks.Task {
	var list []tasks.Task
	for _, set := range d.sets {
		list = append(list, set.Task)
	}
	return list
}

// loadData reads the records, makes them first where the configuration says
// so, and cuts them into training and validation batches.
func loadData(ctx context.Context, c config.Config, e encoder, io cli.Streams) (*data, error) {
	paths := datasets.Paths{NER: c.Data.NERPath, CLS: c.Data.ClassificationPath, QA: c.Data.QAPath}
	if err := provide(ctx, c.Data.Generate, paths, io); err != nil {
		return nil, err
	}
	records, err := datasets.Load(ctx, paths)
	if err != nil {
		return nil, err
	}
	d := &data{}
	if d.tokenizer, err = makeTokenizer(ctx, c, e, records, io); err != nil {
		return nil, err
	}
	d.sets, err = records.Encode(ctx, d.tokenizer, datasets.Limits{
		MaxLength:   c.Tokenizer.MaxLength,
		Truncate:    c.Tokenizer.Truncation,
		AllSubwords: c.Data.LabelAllSubwords,
	})
	if err != nil {
		return nil, err
	}
	return d, d.split(c)
}

// digests identifies the contents of each set's file.
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
	for _, set := range d.sets {
		train, val, err := set.Split(c.Data.TestSize, c.Data.RandomSeed)
		if err != nil {
			return err
		}
		loader := datasets.Loader{Task: set.Task, Examples: train, BatchSize: c.Training.BatchSize, Collator: collator}
		d.train = append(d.train, loader)
		loader.Examples = val
		d.val = append(d.val, loader)
	}
	return nil
}

// makeTokenizer reads the pretrained model's, or makes a vocabulary from the
// records.
func makeTokenizer(ctx context.Context, c config.Config, e encoder, records datasets.Records, io cli.Streams) (*tokenize.Tokenizer, error) {
	if e.dir != "" {
		return tokenize.Load(e.dir)
	}
	size := c.Tokenizer.VocabSize
	if c.Backbone.Init == config.InitPretrained {
		size = int(backbone.DistilBERTCased().VocabSize)
		fmt.Fprintf(io.Out, "%s isn't on this machine: lengths are counted with a vocabulary made from the data.\n", c.Backbone.ModelName)
	}
	started := time.Now()
	options := tokenize.Options{ModelMaxLength: c.Tokenizer.MaxLength}
	vocab, err := tokenize.Train(ctx, records.Texts(), size, options)
	if err != nil {
		return nil, fmt.Errorf("make a vocabulary from the data: %w", err)
	}
	fmt.Fprintf(io.Out, "Made a vocabulary of %d tokens from the data (%s).\n", len(vocab), time.Since(started).Round(100*time.Millisecond))
	return tokenize.New(vocab, options)
}

// provide makes demo data where the files are missing and the configuration
// asks for it.
func provide(ctx context.Context, demo config.Demo, paths datasets.Paths, io cli.Streams) error {
	missing := paths.Missing()
	switch {
	case len(missing) == 0:
		return nil
	case !demo.Enabled():
		return fmt.Errorf("data is missing: %s; set the paths under data: in the configuration, or make demo data with `go run ./cmd/datagen`",
			strings.Join(missing, ", "))
	}
	dir := filepath.Dir(missing[0])
	for i, path := range synth.Files(dir) {
		if want := []string{paths.NER, paths.CLS, paths.QA}[i]; filepath.Clean(want) != filepath.Clean(path) {
			return fmt.Errorf("data is missing: %s; demo data would go to %s: name it there, or set data.generate to nothing", want, path)
		}
	}
	if len(missing) < 3 {
		return fmt.Errorf("data is missing: %s, beside files that are there; remove those to have demo data made, or set data.generate to nothing", strings.Join(missing, ", "))
	}
	summary, err := synth.WriteAll(ctx, dir, synth.Options{NER: demo.NER, Cases: demo.Cases, QA: demo.QA, Seed: demo.Seed, Short: demo.Short}, nil)
	if err != nil {
		return fmt.Errorf("make demo data: %w", err)
	}
	fmt.Fprintf(io.Out, "Made demo data in %s (%s): made-up calls, no real persons.\n", dir, summary.Elapsed.Round(100*time.Millisecond))
	return nil
}
