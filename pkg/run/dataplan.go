package run

import (
	"slices"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// dataPlan is the data section of the configuration: the files, and how their records
// are used.
type dataPlan struct {
	files     []datasets.Source
	demo      config.Demo
	beside    func(path string) bool // whether a path was also looked up beside the configuration
	tokenizer config.Tokenizer
	limits    func(*tokenize.Tokenizer) datasets.Limits // with the tokenizer that reads the records
	shares    datasets.Shares
	padTo     int // see padTo
	batchSize int
	reviews   string // data.reviews
}

func planData(c config.Config, o Options) (dataPlan, error) {
	files, err := dataFiles(c)
	if err != nil {
		return dataPlan{}, err
	}
	p := dataPlan{
		files:     files,
		demo:      c.Data.Generate,
		beside:    func(path string) bool { return o.File != "" && c.TriedBeside(path, o.Set) },
		tokenizer: c.Tokenizer,
		limits:    func(tok *tokenize.Tokenizer) datasets.Limits { return limitsOf(c, tok) },
		shares: datasets.Shares{
			Test: c.Data.TestSize, Val: c.Data.ValidationSize, ValOfRest: c.Data.ValidationOf == config.ValidationOfRest,
			Seed: c.Data.RandomSeed, Stratify: c.Data.Stratify,
		},
		padTo:     padTo(c.Tokenizer),
		batchSize: c.Training.BatchSize,
		reviews:   c.Data.Reviews,
	}
	return p, nil
}

// limitsOf are the limits on the lengths of examples.
func limitsOf(c config.Config, tok *tokenize.Tokenizer) datasets.Limits {
	return datasets.Limits{
		MaxLength: c.Tokenizer.MaxLength, Truncate: c.Tokenizer.Truncation, AllSubwords: c.Data.LabelAllSubwords,
		Windows: windowsOf(c.Tokenizer, tok),
	}
}

// padTo returns the number of tokens to which all texts of a batch are padded; 0: to the
// batch's longest.
func padTo(t config.Tokenizer) int {
	if t.Padding == config.PadMaxLength {
		return t.MaxLength
	}
	return 0
}

// sources returns the files, whose bad records are skipped or an error, with the reviews
// that go before their labels.
func (p dataPlan) sources(skipBad bool, r *reviewed) []datasets.Source {
	files := slices.Clone(p.files)
	for i := range files {
		files[i].SkipBad = skipBad
		if r != nil {
			files[i].Reviewed = &r.Reviewed
		}
	}
	return files
}
