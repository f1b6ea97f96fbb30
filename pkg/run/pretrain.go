package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/label"
	"github.com/trident-nlp/trident/pkg/pretrain"
	"github.com/trident-nlp/trident/pkg/tasks"
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
	if e := c.Distill.Encoder; e != nil {
		asked := config.Backbone{ModelName: e.Model, Revision: e.Revision, Dropout: c.Backbone.Dropout, Init: config.InitPretrained}
		if p.teacher, err = findEncoder(ctx, asked, dryRun, o.Out, o.Err); err != nil {
			return fmt.Errorf("distill.encoder: %w", err)
		}
		if p.teacher.dir == "" {
			return fmt.Errorf("distill.encoder: %s isn't on this machine: its tokenizer is needed, so run without --dry-run", e.Model)
		}
	}
	if !fromTeacher(c) {
		if r.encoder, err = findEncoder(ctx, c.Backbone, dryRun, o.Out, o.Err); err != nil {
			return err
		}
	}
	tok, err := r.pretrainTokenizer(ctx)
	if err != nil {
		return err
	}
	if err := r.readCalls(ctx, tok); err != nil {
		return err
	}
	sizes, err := r.pretrainSizes()
	if err != nil {
		return err
	}
	r.architecture.Config = sizes
	if r.parameters, err = pretrain.CountParameters(sizes); err != nil {
		return err
	}
	if err := checkFrozen(c.Backbone, sizes.Layers); err != nil {
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

// callTexts are the calls' texts, without calls that can't be read. Any other reading error
// is put into failed.
func callTexts(paths []string, failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for call, err := range label.ReadCalls(paths) {
			switch {
			case errors.Is(err, label.ErrBadCall):
			case err != nil:
				*failed = err
				return
			case !yield(string(call.Text)):
				return
			}
		}
	}
}

// readCalls makes the run's data from the calls.
func (r *Run) readCalls(ctx context.Context, tok *tokenize.Tokenizer) error {
	c, o := r.config, r.options
	started := time.Now()
	corpus, err := pretrain.ReadCorpus(ctx, c.Data.PretrainPath, tok, c.Tokenizer.MaxLength, o.SkipBad)
	if errors.Is(err, label.ErrBadCall) {
		return fmt.Errorf("%w; mend it, or leave out such calls with --skip-bad-records", err)
	}
	if err != nil {
		return err
	}
	train, val, err := corpus.Split(c.Data.TestSize, uint64(c.Data.RandomSeed))
	if err != nil {
		return err
	}
	masker, err := pretrain.NewMasker(tok, c.Pretrain.MaskProbability, c.Pretrain.WholeWord)
	if err != nil {
		return err
	}
	s := source{
		set: datasets.Set{
			Path: strings.Join(c.Data.PretrainPath, ", "), Tasks: []tasks.Task{pretrain.Task()}, MaxLength: c.Tokenizer.MaxLength,
			Filters: []datasets.Filter{{Before: corpus.Calls + corpus.Skipped, After: corpus.Calls, Skipped: corpus.Skipped}},
		},
		split:  datasets.Split{Train: pretrain.Examples(train), Val: pretrain.Examples(val)},
		digest: corpus.Digest(),
	}
	collator := datasets.Collator{PadID: int64(tok.PadID()), PadTo: padTo(c.Tokenizer)}
	loader := func(examples []datasets.Example) datasets.Loader {
		return datasets.Loader{Tasks: s.set.Tasks, Examples: examples, BatchSize: c.Training.BatchSize, Collator: collator, Vary: masker.Vary}
	}
	s.train, s.val = loader(s.split.Train), loader(s.split.Val)
	if !anyMasked(s.val) {
		return fmt.Errorf("hold calls back for evaluation: none of their tokens is masked, so no perplexity can be computed (%d of %d examples are held back): give more calls, or raise data.test_size or pretrain.mask_probability",
			len(val), len(corpus.Pieces))
	}
	r.data = &data{tokenizer: tok, sources: []source{s}}
	r.pretraining.counts = corpus.Counts
	tellCalls(o.Out, corpus.Counts, len(train), len(val), c.Tokenizer.MaxLength, time.Since(started))
	if corpus.Repaired > 0 {
		fmt.Fprintf(o.Err, "train: warning: %d calls hold bytes that aren't UTF-8; each such place was read as U+FFFD\n", corpus.Repaired)
	}
	if corpus.Skipped > 0 {
		fmt.Fprintf(o.Err, "train: warning: left out %d calls that can't be read\n", corpus.Skipped)
	}
	return nil
}

// anyMasked reports whether validation, whose masks never change, has a token to predict.
// Without one its loss would be 0, and the first epoch the best.
func anyMasked(val datasets.Loader) bool {
	for _, ref := range val.Ordered() {
		if ref.Batch().Parts[0].Targets[0].Valid > 0 {
			return true
		}
	}
	return false
}

func tellCalls(out io.Writer, n pretrain.Counts, train, val, maxLength int, took time.Duration) {
	count := func(n int) string { return numbers.Thousands(int64(n)) }
	fmt.Fprintf(out, "Calls: %s, %s tokens (read in %s); %s are longer than %d tokens, and cut into pieces\n",
		count(n.Calls), count(n.Tokens), took.Round(100*time.Millisecond), count(n.Long), maxLength)
	fmt.Fprintf(out, "\nFinal dataset sizes:\n  MLM: %d train / %d val\n", train, val)
}

// pretrainSizes is the architecture of the encoder that is trained.
func (r *Run) pretrainSizes() (backbone.Config, error) {
	c, p := r.config, r.pretraining
	if !fromTeacher(c) {
		return r.encoder.sizes(r.data.tokenizer, c.Tokenizer.MaxLength)
	}
	sizes, err := p.teacher.sizes(r.data.tokenizer, c.Tokenizer.MaxLength)
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
		if p.large, p.largeHasHead, err = pretrain.Load(p.teacher.dir, r.device); err != nil {
			return fmt.Errorf("distill.encoder: %w", err)
		}
		r.held = append(r.held, p.large.Drop)
		if e := c.Distill.Encoder; !p.largeHasHead && e.AlphaCE > 0 {
			return fmt.Errorf("distill.encoder: %s has no masked language model's head, so it can't predict masked tokens: set distill.encoder.alpha_ce=0, or pretrain it on your calls first (task: pretrain)", p.teacher.dir)
		}
		if err := p.objective(c).Distill.Check(r.architecture.Config); err != nil {
			return fmt.Errorf("distill.encoder: %w", err)
		}
	}
	switch {
	case fromTeacher(c):
		if !p.largeHasHead {
			fmt.Fprintf(r.options.Err, "train: warning: distill.encoder: %s has no masked language model's head: the student's is initialised randomly, %s\n", p.teacher.dir, fateOfHead(c.Distill.Encoder))
		}
		return p.model.InitFrom(p.large, c.Distill.Encoder.Layers)
	case r.encoder.dir != "":
		if p.hasHead, err = p.model.LoadPretrained(r.encoder.dir); err != nil {
			return err
		}
		if !p.hasHead {
			fmt.Fprintf(r.options.Err, "train: warning: %s has no masked language model's head: it is initialised randomly, %s\n", r.encoder.dir, fateOfHead(c.Distill.Encoder))
		}
	}
	if unused := fusion.UnusedRows(p.model.Config, r.data.tokenizer); unused != "" {
		fmt.Fprintf(r.options.Err, "train: warning: %s: %s\n", cmp.Or(r.encoder.dir, p.teacher.dir), unused)
	}
	return nil
}

// fateOfHead says what becomes of a head that is initialised randomly.
func fateOfHead(e *config.DistillEncoder) string {
	if e == nil || e.AlphaMLM > 0 || e.AlphaCE > 0 {
		return "so the first losses are high"
	}
	return "and with alpha_mlm: 0 nothing teaches it, so perplexity says nothing, nor which weights are best: set distill.encoder.alpha_mlm above 0"
}

// objective is what the trainer trains.
func (p *pretraining) objective(c config.Config) pretrain.Objective {
	o := pretrain.Objective{Model: p.model, Smoothing: c.Training.LabelSmoothing}
	if asked := c.Distill.Encoder; asked != nil {
		o.Distill = &pretrain.Distillation{
			Teacher: p.large, Temperature: asked.Temperature, Soft: asked.AlphaCE, Hard: asked.AlphaMLM, Cosine: asked.AlphaCos,
			Attention: asked.AlphaAttention, Values: asked.AlphaValues, RelationHeads: cmp.Or(asked.RelationHeads, p.large.Config.Heads),
		}
	}
	return o
}
