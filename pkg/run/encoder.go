package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// encoder describes the initial encoder: the pretrained model in dir, or a new one.
type encoder struct {
	asked config.Backbone
	dir   string // "" for a new encoder
}

// known reports whether the architecture is known without a download.
func (e encoder) known() bool { return e.dir != "" || e.asked.Init == config.InitRandom }

// modelKeys are the settings that name a pretrained model, and what does without one.
type modelKeys struct{ name, revision, without string }

var (
	backboneKeys = modelKeys{"backbone.model_name", "backbone.revision", ", or train from scratch with --set backbone.init=random"}
	teacherKeys  = modelKeys{"distill.encoder.model", "distill.encoder.revision", ""}
)

// explain adds to the error of a model that can't be found what to do.
func (k modelKeys) explain(err error) error {
	if !errors.Is(err, backbone.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%w; check %s and %s, or set %s to a directory that holds config.json, vocab.txt and model.safetensors%s", err, k.name, k.revision, k.name, k.without)
}

// findEncoder locates the pretrained model that keys name, and downloads it if necessary. A
// dry run doesn't download, and continues without a missing model.
func findEncoder(ctx context.Context, asked config.Backbone, keys modelKeys, dryRun bool, out, stderr io.Writer) (encoder, error) {
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
	return encoder{asked, dir}, keys.explain(err)
}

// architecture returns that of the pretrained model; without one, it combines the
// configured sizes and the tokenizer's vocabulary. In a dry run with a missing
// pretrained model it is distilbert-base's.
func (e encoder) architecture(name string, d *data, asked config.Tokenizer) (fusion.Architecture, error) {
	sizes, err := e.sizes(d.tokenizer, asked.MaxLength)
	if sizes.ModelType == backbone.BERT {
		name = "bert" // Hugging Face's prefix, in single-task and multi-task models
	}
	return fusion.Architecture{Config: sizes, EncoderName: name, Tasks: d.tasks(), Windows: windowsOf(asked, d.tokenizer)}, err
}

// sizes returns the encoder's configuration, for texts of maxLength tokens.
func (e encoder) sizes(tok *tokenize.Tokenizer, maxLength int) (backbone.Config, error) {
	a := backbone.DistilBERTCased()
	switch {
	case e.dir != "":
		var err error
		if a, err = backbone.ReadDir(e.dir); err != nil {
			return a, err
		}
		if int64(tok.VocabSize()) > a.VocabSize {
			own, err := tokenize.Load(e.dir)
			if err != nil {
				return a, err
			}
			if int64(own.VocabSize()) > a.VocabSize {
				return a, fmt.Errorf("%s: the vocabulary has %d tokens, but the model only %d: its files don't belong together", e.dir, own.VocabSize(), a.VocabSize)
			}
			a.VocabSize = int64(tok.VocabSize()) // with speaker tokens
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
	if err := checkLength(maxLength, a); err != nil {
		return a, err
	}
	a.Dropout, a.AttentionDropout = e.asked.Dropout, e.asked.Dropout
	return a, nil
}

// checkPositions returns an error if the encoder can't read texts of maxLength tokens. It
// needs neither tokenizer nor data.
func (e encoder) checkPositions(maxLength int) error {
	a := backbone.DistilBERTCased() // also of a new encoder, and of one that isn't here
	if e.dir != "" {
		var err error
		if a, err = backbone.ReadDir(e.dir); err != nil {
			return err
		}
	}
	return checkLength(maxLength, a)
}

func checkLength(maxLength int, of backbone.Config) error {
	if int64(maxLength) > of.MaxPositions {
		return fmt.Errorf("tokenizer.max_length is %d, but the encoder has only %d positions: lower it; tokenizer.long: windows reads longer calls all the same", maxLength, of.MaxPositions)
	}
	return nil
}

// uncased reports whether the name of a pretrained model says that it is uncased.
func (e encoder) uncased() bool { return strings.Contains(e.asked.ModelName, "uncased") }

// vocabulary is the vocabulary size of distilbert-base, cased or uncased.
func (e encoder) vocabulary() int64 {
	if e.uncased() {
		return 30522
	}
	return backbone.DistilBERTCased().VocabSize
}

// load copies the pretrained weights into a new model. With speakers its tokenizer may have
// tokens that the pretrained model lacks.
func (e encoder) load(m *fusion.Model, tok *tokenize.Tokenizer, speakers bool) error {
	switch {
	case e.dir == "":
		return nil
	case !speakers:
		return backbone.LoadPretrained(e.dir, m.EncoderName+".", m.Params())
	}
	pieces, err := e.newTokens(tok)
	if err != nil {
		return err
	}
	return backbone.LoadExtended(e.dir, m.EncoderName+".", m.Params(), pieces)
}

// makeTokenizer returns the pretrained model's tokenizer, or builds a vocabulary from
// the records. It has the speaker tokens that are asked for.
func (e encoder) makeTokenizer(ctx context.Context, asked config.Tokenizer, records []datasets.Records, out io.Writer) (*tokenize.Tokenizer, error) {
	tok, err := e.plainTokenizer(ctx, asked, records, out)
	if err != nil || len(asked.SpeakerTokens) == 0 {
		return tok, err
	}
	return withSpeakers(tok, asked.SpeakerTokens, records, out)
}

func (e encoder) plainTokenizer(ctx context.Context, asked config.Tokenizer, records []datasets.Records, out io.Writer) (*tokenize.Tokenizer, error) {
	if e.dir != "" {
		tok, err := tokenize.Load(e.dir)
		if err == nil {
			tok.SetModelMaxLength(asked.MaxLength) // the length that the model is trained for
		}
		return tok, err
	}
	return e.makeVocabulary(ctx, asked, datasets.Texts(records), out)
}

// makeVocabulary is a tokenizer whose vocabulary is made from texts.
func (e encoder) makeVocabulary(ctx context.Context, asked config.Tokenizer, texts iter.Seq[string], out io.Writer) (*tokenize.Tokenizer, error) {
	size := asked.VocabSize
	if e.asked.Init == config.InitPretrained {
		size = int(e.vocabulary())
		fmt.Fprintf(out, "%s isn't on this machine: lengths are counted with a vocabulary made from the data.\n", e.asked.ModelName)
	}
	started := time.Now()
	options := tokenize.Options{ModelMaxLength: asked.MaxLength, LowerCase: asked.LowerCase || e.asked.Init == config.InitPretrained && e.uncased()}
	vocab, err := tokenize.Train(ctx, texts, size, options)
	if err != nil {
		return nil, fmt.Errorf("make a vocabulary from the data: %w", err)
	}
	fmt.Fprintf(out, "Made a vocabulary of %d tokens from the data (%s).\n", len(vocab), time.Since(started).Round(100*time.Millisecond))
	return tokenize.New(vocab, options)
}
