package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// errTeacherAway is the error of a dry run whose teacher would have to be downloaded.
var errTeacherAway = errors.New("the teacher isn't on this machine")

// findTeacher finds the teacher of distill.encoder, and checks the layers that its student
// takes and, if it is to predict tokens, that it has a head. Its weights aren't read.
func (p *pretraining) findTeacher(ctx context.Context, c config.Config, dryRun bool, out, stderr io.Writer) error {
	e := c.Distill.Encoder
	asked := config.Backbone{ModelName: e.Model, Revision: e.Revision, Dropout: c.Backbone.Dropout, Init: config.InitPretrained}
	var err error
	if p.teacher, err = findEncoder(ctx, asked, teacherKeys, dryRun, out, stderr); err != nil {
		return fmt.Errorf("distill.encoder: %w", err)
	}
	if p.teacher.dir == "" {
		return fmt.Errorf("distill.encoder: %w: %q is neither a directory nor in the Hugging Face cache, and its tokenizer is needed; check distill.encoder.model, or train, without --dry-run or --check-data, to download it", errTeacherAway, e.Model)
	}
	if realPath(p.teacher.dir) == realPath(c.Output.ModelDir) {
		return fmt.Errorf("distill.encoder: %s is also output.model_dir, where the student would replace it; set another output.model_dir", p.teacher.dir)
	}
	sizes, err := backbone.ReadDir(p.teacher.dir)
	if err != nil {
		return fmt.Errorf("distill.encoder: %w", err)
	}
	if err := checkLayers(e.Layers, sizes.Layers, p.teacher.dir, stderr); err != nil || e.AlphaCE == 0 {
		return err
	}
	has, err := pretrain.HasHead(p.teacher.dir, sizes.ModelType)
	switch {
	case dryRun && err != nil: // it needs no weights
	case err != nil:
		return fmt.Errorf("distill.encoder: %w", err)
	case !has:
		return fmt.Errorf("distill.encoder: %s has no masked language model's head, so it can't predict masked tokens: set distill.encoder.alpha_ce=0, or pretrain it on your calls first (task: pretrain)", p.teacher.dir)
	}
	return nil
}

// checkLayers refuses layers that the teacher doesn't have, and warns of one that is copied
// more than once.
func checkLayers(layers []int, has int64, teacher string, stderr io.Writer) error {
	seen := map[int]bool{}
	var twice []int
	for _, layer := range layers {
		if int64(layer) >= has {
			return fmt.Errorf("distill.encoder.layers: there is no layer %d in the teacher, which has %d: %s has layers 0 to %d", layer, has, teacher, has-1)
		}
		if seen[layer] && !slices.Contains(twice, layer) {
			twice = append(twice, layer)
		}
		seen[layer] = true
	}
	if len(twice) > 0 {
		fmt.Fprintf(stderr, "train: warning: distill.encoder.layers names %v more than once: the student starts with equal layers; name different ones\n", twice)
	}
	return nil
}

// checkTeacher refuses a teacher whose positions are too few for the pieces, or which the
// losses aren't defined for. In a dry run the student may not be known.
func (r *Run) checkTeacher(student backbone.Config, tok *tokenize.Tokenizer) error {
	c, p := r.config, r.pretraining
	teacher, err := p.teacher.sizes(tok, c.Tokenizer.MaxLength)
	if err != nil {
		return fmt.Errorf("distill.encoder: teacher %s: %w", p.teacher.dir, err)
	}
	if !fromTeacher(c) && !r.encoder.known() {
		return nil
	}
	if err := distillation(c, teacher.Heads).Check(teacher, student); err != nil {
		return fmt.Errorf("distill.encoder: %w", err)
	}
	return nil
}

// openTeacher loads the teacher.
func (r *Run) openTeacher() (err error) {
	p := r.pretraining
	if p.large, p.largeHasHead, err = pretrain.Load(p.teacher.dir, r.device); err != nil {
		return fmt.Errorf("distill.encoder: %w", err)
	}
	r.held = append(r.held, p.large.Drop)
	return nil
}

// distillation is that of distill.encoder, without its teacher, which has so many heads.
func distillation(c config.Config, heads int64) *pretrain.Distillation {
	e := c.Distill.Encoder
	return &pretrain.Distillation{
		Temperature: e.Temperature, Soft: e.AlphaCE, Hard: e.AlphaMLM, Cosine: e.AlphaCos,
		Attention: e.AlphaAttention, Values: e.AlphaValues, RelationHeads: cmp.Or(e.RelationHeads, heads),
	}
}

// objective is what the trainer trains.
func (p *pretraining) objective(c config.Config) pretrain.Objective {
	o := pretrain.Objective{Model: p.model, Smoothing: c.Training.LabelSmoothing}
	if c.Distill.Encoder != nil {
		o.Distill = distillation(c, p.large.Config.Heads)
		o.Distill.Teacher = p.large
	}
	return o
}

// warnOfHead says that a head, with which what ends, is initialised randomly, unless the run
// continues one that has said so.
func (r *Run) warnOfHead(what string) error {
	resuming := r.options.Resume || r.options.ResumeIfAny
	stopped, err := hasState(r.dir)
	if err == nil && (!resuming || !stopped) {
		fmt.Fprintf(r.options.Err, "train: warning: %s is initialised randomly, %s\n", what, fateOfHead(r.config.Distill.Encoder))
	}
	return err
}

// fateOfHead says what becomes of a head that is initialised randomly.
func fateOfHead(e *config.DistillEncoder) string {
	if e == nil || e.AlphaMLM > 0 || e.AlphaCE > 0 {
		return "so the first losses are high"
	}
	return "and with alpha_mlm: 0 nothing teaches it, so perplexity says nothing, nor which weights are best: set distill.encoder.alpha_mlm above 0"
}
