package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/trident-nlp/trident/internal/cli"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// encoder says what the model's encoder starts from: the pretrained model in
// dir, or nothing.
type encoder struct{ dir string }

// findEncoder looks a pretrained model up, and downloads it if need be. A dry
// run downloads nothing, and goes without where there is none.
func findEncoder(ctx context.Context, c config.Config, dryRun bool, io cli.Streams) (encoder, error) {
	if c.Backbone.Init == config.InitRandom {
		return encoder{}, nil
	}
	if dryRun {
		dir, err := backbone.FindLocal(c.Backbone.ModelName, c.Backbone.Revision)
		if errors.Is(err, backbone.ErrNotFound) {
			return encoder{}, nil
		}
		return encoder{dir}, err
	}
	progress, done := newDownload(io)
	defer done()
	dir, err := backbone.Find(ctx, c.Backbone.ModelName, c.Backbone.Revision, progress)
	return encoder{dir}, err
}

// architecture is the pretrained model's; without one, that of the
// configuration's sizes over the tokenizer's vocabulary. In a dry run for a
// missing pretrained model it is distilbert-base's.
func (e encoder) architecture(c config.Config, d *data) (fusion.Architecture, error) {
	config, err := e.config(c, d.tokenizer)
	return fusion.Architecture{Config: config, EncoderName: encoderName(c), Tasks: d.tasks()}, err
}

// config is the encoder's.
func (e encoder) config(c config.Config, tok *tokenize.Tokenizer) (backbone.Config, error) {
	a := backbone.DistilBERTCased()
	switch {
	case e.dir != "":
		var err error
		if a, err = backbone.ReadConfig(filepath.Join(e.dir, fusion.ConfigFile)); err != nil {
			return a, err
		}
		if int64(tok.VocabSize()) > a.VocabSize {
			return a, fmt.Errorf("%s: the vocabulary has %d tokens, but the model only %d: its files don't belong together", e.dir, tok.VocabSize(), a.VocabSize)
		}
	case c.Backbone.Init == config.InitRandom:
		size := c.Backbone.Size
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
		a.VocabSize = vocabularyOf(c)
	}
	if int64(c.Tokenizer.MaxLength) > a.MaxPositions {
		return a, fmt.Errorf("tokenizer.max_length is %d, but the encoder has only %d positions", c.Tokenizer.MaxLength, a.MaxPositions)
	}
	a.Dropout, a.AttentionDropout = c.Backbone.Dropout, c.Backbone.Dropout
	return a, nil
}

// uncased reports whether a pretrained model's name says that it knows no case.
func uncased(c config.Config) bool { return strings.Contains(c.Backbone.ModelName, "uncased") }

// vocabularyOf is the size of the vocabulary of distilbert-base, cased or not.
func vocabularyOf(c config.Config) int64 {
	if uncased(c) {
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
