package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/label"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// pretraining is the part of a [Run] that task: pretrain has instead of a model of tasks.
type pretraining struct {
	counts  pretrain.Counts
	teacher encoder // of distill.encoder, if there is one

	model   *pretrain.Model
	large   *pretrain.Model // the teacher; nil if there is none
	hasHead bool            // the pretrained model came with a masked language model's head

	largeHasHead bool // so did the teacher
}

// fromTeacher reports whether the student is initialised from its teacher's layers.
func fromTeacher(c config.Config) bool {
	return c.Distill.Encoder != nil && len(c.Distill.Encoder.Layers) > 0
}

// preparePretraining reads the calls, and finds the encoder and its teacher.
func (r *Run) preparePretraining(ctx context.Context, dryRun bool) (err error) {
	c, o, p := r.config, r.options, &pretraining{}
	r.pretraining = p
	if err := label.CheckInputs(c.Data.PretrainPath); err != nil {
		return fmt.Errorf("data.pretrain_path: %w; name your files or folders of calls there, or with --set data.pretrain_path=PATH", err)
	}
	if c.Distill.Encoder != nil {
		if err := p.findTeacher(ctx, c, dryRun, o.Out, o.Err); err != nil {
			return err
		}
	}
	if !fromTeacher(c) {
		if r.encoder, err = findEncoder(ctx, c.Backbone, backboneKeys, dryRun, o.Out, o.Err); err != nil {
			return err
		}
	}
	tok, err := r.pretrainTokenizer(ctx)
	if err != nil {
		return err
	}
	sizes, err := r.pretrainSizes(tok)
	if err != nil {
		return err
	}
	if p.teacher.dir != "" {
		if err := r.checkTeacher(sizes, tok); err != nil {
			return err
		}
	}
	if err := checkFrozen(c.Backbone, sizes.Layers); err != nil {
		return err
	}
	if err := r.readCalls(ctx, tok); err != nil {
		return err
	}
	r.architecture.Config = sizes
	if r.parameters, err = pretrain.CountParameters(sizes); err != nil {
		return err
	}
	r.trainable, err = pretrain.CountTrainable(sizes, frozen(c.Backbone))
	return err
}

// pretrainTokenizer is the teacher's, as both must read the same tokens, or the encoder's.
func (r *Run) pretrainTokenizer(ctx context.Context) (*tokenize.Tokenizer, error) {
	c, p := r.config, r.pretraining
	if p.teacher.dir != "" {
		tok, err := tokenize.Load(p.teacher.dir)
		if err != nil {
			return nil, fmt.Errorf("distill.encoder: %w", err)
		}
		if r.encoder.dir != "" {
			own, err := tokenize.Load(r.encoder.dir)
			if err != nil {
				return nil, err
			}
			if !own.Equal(tok) {
				return nil, fmt.Errorf("distill.encoder: teacher %s and student %s have different tokenizers; take a student with the teacher's, such as one of its layers (distill.encoder.layers)", p.teacher.dir, r.encoder.dir)
			}
		}
		tok.SetModelMaxLength(c.Tokenizer.MaxLength)
		return tok, nil
	}
	if r.encoder.dir == "" {
		var unread error
		tok, err := r.encoder.makeVocabulary(ctx, c.Tokenizer, callTexts(c.Data.PretrainPath, &unread), r.options.Out)
		return tok, errors.Join(unread, err)
	}
	tok, err := tokenize.Load(r.encoder.dir)
	if err == nil {
		tok.SetModelMaxLength(c.Tokenizer.MaxLength)
	}
	return tok, err
}

// pretrainSizes is the architecture of the encoder that is trained.
func (r *Run) pretrainSizes(tok *tokenize.Tokenizer) (backbone.Config, error) {
	c, p := r.config, r.pretraining
	if !fromTeacher(c) {
		return r.encoder.sizes(tok, c.Tokenizer.MaxLength)
	}
	sizes, err := p.teacher.sizes(tok, c.Tokenizer.MaxLength)
	if err != nil {
		return sizes, fmt.Errorf("distill.encoder: %w", err)
	}
	return pretrain.StudentConfig(sizes, c.Distill.Encoder.ModelType, len(c.Distill.Encoder.Layers)), nil
}

// openPretraining makes the model and its teacher.
func (r *Run) openPretraining(context.Context) (err error) {
	c, p := r.config, r.pretraining
	if p.model, err = pretrain.New(r.architecture.Config, r.device); err != nil {
		return err
	}
	r.held = append(r.held, p.model.Drop)
	if err := p.model.Freeze(frozen(c.Backbone)); err != nil {
		return err
	}
	p.model.SetCheckpointing(c.Training.GradientCheckpointing)
	if p.teacher.dir != "" {
		if err := r.openTeacher(); err != nil {
			return err
		}
	}
	switch {
	case fromTeacher(c):
		if !p.largeHasHead {
			if err := r.warnOfHead("distill.encoder: " + p.teacher.dir + " has no masked language model's head: the student's"); err != nil {
				return err
			}
		}
		return p.model.InitFrom(p.large, c.Distill.Encoder.Layers)
	case r.encoder.dir != "":
		if p.hasHead, err = p.model.LoadPretrained(r.encoder.dir); err != nil {
			return err
		}
		if !p.hasHead {
			if err := r.warnOfHead(r.encoder.dir + " has no masked language model's head: it"); err != nil {
				return err
			}
		}
	}
	if unused := fusion.UnusedRows(p.model.Config, r.data.tokenizer); unused != "" {
		fmt.Fprintf(r.options.Err, "train: warning: %s: %s\n", cmp.Or(r.encoder.dir, p.teacher.dir), unused)
	}
	return nil
}
