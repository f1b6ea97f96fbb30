package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// encoder says what the model's encoder starts from: the pretrained model in
// dir, or nothing.
type encoder struct {
	asked config.Backbone
	dir   string // "" if there is none
}

// findEncoder looks a pretrained model up, and downloads it if need be. A dry
// run downloads nothing, and goes without where there is none.
func findEncoder(ctx context.Context, asked config.Backbone, dryRun bool, out, stderr io.Writer) (encoder, error) {
	if asked.Init == config.InitRandom {
		return encoder{asked: asked}, nil
	}
	if dryRun {
		dir, err := backbone.FindLocal(asked.ModelName, asked.Revision)
		if errors.Is(err, backbone.ErrNotFound) {
			return encoder{asked: asked}, nil
		}
		return encoder{asked, dir}, err
	}
	progress, done := newDownload(out, stderr)
	defer done()
	dir, err := backbone.Find(ctx, asked.ModelName, asked.Revision, progress)
	return encoder{asked, dir}, err
}

// architecture is the pretrained model's; without one, that of the
// configuration's sizes over the tokenizer's vocabulary. In a dry run for a
// missing pretrained model it is distilbert-base's.
func (e encoder) architecture(name string, d *data, maxLength int) (fusion.Architecture, error) {
	sizes, err := e.sizes(d.tokenizer, maxLength)
	if sizes.ModelType == backbone.BERT {
		name = "bert" // Hugging Face's, and nobody else's, in models of one task and of several
	}
	return fusion.Architecture{Config: sizes, EncoderName: name, Tasks: d.tasks()}, err
}

// sizes are the encoder's, which is to read texts of maxLength tokens.
func (e encoder) sizes(tok *tokenize.Tokenizer, maxLength int) (backbone.Config, error) {
	a := backbone.DistilBERTCased()
	switch {
	case e.dir != "":
		var err error
		if a, err = backbone.ReadDir(e.dir); err != nil {
			return a, err
		}
		if int64(tok.VocabSize()) > a.VocabSize {
			return a, fmt.Errorf("%s: the vocabulary has %d tokens, but the model only %d: its files don't belong together", e.dir, tok.VocabSize(), a.VocabSize)
		}
	case e.asked.Init == config.InitRandom:
		size := e.asked.Size
		for _, set := range []struct {
			dst   *int64
			value int64
		}{{&a.Dim, size.Dim}, {&a.Layers, size.Layers}, {&a.Heads, size.Heads}, {&a.HiddenDim, size.HiddenDim}} {
			if set.value != 0 {
				*set.dst = set.value
			}
		}
		a.VocabSize = int64(tok.VocabSize())
	default:
		a.VocabSize = e.vocabulary()
	}
	if int64(maxLength) > a.MaxPositions {
		return a, fmt.Errorf("tokenizer.max_length is %d, but the encoder has only %d positions", maxLength, a.MaxPositions)
	}
	a.Dropout, a.AttentionDropout = e.asked.Dropout, e.asked.Dropout
	return a, nil
}

// uncased reports whether a pretrained model's name says that it knows no case.
func (e encoder) uncased() bool { return strings.Contains(e.asked.ModelName, "uncased") }

// vocabulary is the size of the vocabulary of distilbert-base, cased or not.
func (e encoder) vocabulary() int64 {
	if e.uncased() {
		return 30522
	}
	return backbone.DistilBERTCased().VocabSize
}

// load puts the pretrained weights into a new model.
func (e encoder) load(m *fusion.Model) error {
	if e.dir == "" {
		return nil
	}
	return backbone.LoadPretrained(e.dir, m.EncoderName+".", m.Params())
}

// makeTokenizer reads the pretrained model's, or makes a vocabulary from the
// records.
func (e encoder) makeTokenizer(ctx context.Context, asked config.Tokenizer, records []datasets.Records, out io.Writer) (*tokenize.Tokenizer, error) {
	if e.dir != "" {
		tok, err := tokenize.Load(e.dir)
		if err == nil {
			tok.SetModelMaxLength(asked.MaxLength) // what the model will have learnt to read
		}
		return tok, err
	}
	size := asked.VocabSize
	if e.asked.Init == config.InitPretrained {
		size = int(e.vocabulary())
		fmt.Fprintf(out, "%s isn't on this machine: lengths are counted with a vocabulary made from the data.\n", e.asked.ModelName)
	}
	started := time.Now()
	options := tokenize.Options{ModelMaxLength: asked.MaxLength, LowerCase: asked.LowerCase || e.asked.Init == config.InitPretrained && e.uncased()}
	vocab, err := tokenize.Train(ctx, datasets.Texts(records), size, options)
	if err != nil {
		return nil, fmt.Errorf("make a vocabulary from the data: %w", err)
	}
	fmt.Fprintf(out, "Made a vocabulary of %d tokens from the data (%s).\n", len(vocab), time.Since(started).Round(100*time.Millisecond))
	return tokenize.New(vocab, options)
}
