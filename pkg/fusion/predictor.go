package fusion

import (
	"context"
	"errors"
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/redact"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Defaults of [PredictOptions].
const (
	DefaultThreshold   = 0.5
	DefaultBatchSize   = 32
	DefaultBatchTokens = 8 * 512
)

// PredictOptions select what to predict, and how. The zero value predicts all of the
// model's tasks, and reads long texts as the model learnt to.
type PredictOptions struct {
	Tasks     []string   // names; nil: all of the model's tasks
	Threshold float64    // a criterion is met if its probability is higher; 0: DefaultThreshold
	Heads     Thresholds // other thresholds for some heads
	Scores    bool       // also return the probabilities…
	// …or only those of labels of whole texts: classes and yes/no outputs, without those
	// of each word, which are by far the most.
	TextScores bool
	Review     bool // return what it is expected to cost to leave a text unchecked ([triage.Review])
	Attention  bool // return the weights of attention pooling, for the tasks that have it

	// IndependentHeads makes each head choose its own most likely label, as in the
	// Python prototype, even if it depends on another head ([tasks.Task.Answer]).
	IndependentHeads bool

	// Languages are the texts' languages, for a calibration that distinguishes them; nil:
	// not known.
	Languages []string

	// Precision of matrix products: "" is float32. bfloat16 and 8-bit integers are
	// faster on processors that support them, and slightly less accurate; 8-bit integers
	// require the CPU.
	Precision nn.Precision

	// Long is for texts that have more tokens than the model reads at once. "": as the
	// model learnt to read them, truncated or in windows.
	Long Long

	// Overlap is how many tokens the windows of a long text share, 0 or more. nil: as the
	// model learnt, or [DefaultOverlap]. A model that learnt to truncate reads windows
	// ([LongMean]) if it is given and Long is "".
	Overlap *int

	// Redact, if set, replaces names and the like in each text: [Prediction].Text is the
	// result, and all else that is predicted is about it. The model's entities are used also
	// if Tasks leaves them out. Long texts are read to their end, so that names there are
	// found: Long "" is [LongWindows], or [LongMean] for a model that learnt to truncate, and
	// [LongTruncate] is an error.
	Redact *redact.Redactor

	// MaxTokens limits the total tokens of all texts, including windows and their
	// special tokens: above it the error is [ErrTooManyTokens], before any window is
	// created. 0: no limit.
	MaxTokens int

	BatchSize   int // texts (or windows) per batch; 0: DefaultBatchSize
	BatchTokens int // tokens per batch, including padding, unless a single text has more; 0: DefaultBatchTokens

	Progress func(done, total int) // called after each batch with the texts (or windows) done; may be nil
}

// Predictor runs a model on texts: they are sorted by length, read in batches with
// little padding, and returned in their original order. One pass through the encoder
// serves all tasks. It is safe for concurrent use.
type Predictor struct {
	model network
	tasks []tasks.Task
	tok   *tokenize.Tokenizer
	limit int // maximum tokens per sequence

	windows datasets.Windows // zero: the model learnt to truncate
	longest int              // tokens of the longest text in training; 0: not known

	calibration *calibrate.Calibration // nil: none
}

// network is the part of [Model] that a Predictor uses.
type network interface {
	Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor)
	Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor
	Attention(s *torchx.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor
	Pool(s *torchx.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor
	Scores(s *torchx.Scope, task string, hidden *ts.Tensor) *ts.Tensor
	Classify(s *torchx.Scope, task string, vectors *ts.Tensor) []*ts.Tensor
	Inference(precision torchx.Precision) (*torchx.Scope, error)
}

// NewPredictor returns a Predictor for the results of [Load]. The model must not be
// dropped while it is used, and its weights may only be changed by [Model.LoadWeights]:
// predictions on the CPU use copies of them, ordered for speed.
func NewPredictor(m *Model, tok *tokenize.Tokenizer) *Predictor {
	m.final = true
	p := &Predictor{
		model:   m,
		tasks:   m.Tasks,
		tok:     tok,
		limit:   min(tok.ModelMaxLength(), int(m.Config.MaxPositions)),
		windows: m.Windows,
		longest: m.Longest,
	}
	if p.windows.On() {
		p.limit = p.windows.Length
	}
	return p
}

// Calibrate makes the probabilities of predictions calibrated: the logits of each head are
// divided by its temperature. It changes no answer, unless a threshold other than 0.5 is
// set. nil leaves them as they are. It must be called before the Predictor is used.
func (p *Predictor) Calibrate(c *calibrate.Calibration) { p.calibration = c }

// Calibration returns the calibration in use; nil if there is none.
func (p *Predictor) Calibration() *calibrate.Calibration { return p.calibration }

// Tasks returns the model's tasks.
func (p *Predictor) Tasks() []tasks.Task { return p.tasks }

// MaxLength returns the maximum number of tokens that the model reads at once, as one text
// or window, including [CLS] and [SEP].
func (p *Predictor) MaxLength() int { return p.limit }

// PredictNER returns each text's words with their labels, and its entities.
func (p *Predictor) PredictNER(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Prediction, error) {
	return p.predictTask(ctx, tasks.NERName, texts, o)
}

// PredictClassification returns each text's main_category, sub_category, intervention
// and priority. It returns an error if a text has no prediction.
func (p *Predictor) PredictClassification(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Fields[string], error) {
	predictions, err := p.predictTask(ctx, tasks.CLSName, texts, o)
	if err != nil {
		return nil, err
	}
	return pick(predictions, func(pr Prediction) Fields[string] { return pr.Classification })
}

// PredictQA returns for each text, by head, 1 for each criterion that is met and 0 for
// the others. It returns an error if a text has no prediction.
func (p *Predictor) PredictQA(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Fields[[]int], error) {
	predictions, err := p.predictTask(ctx, tasks.QAName, texts, o)
	if err != nil {
		return nil, err
	}
	return pick(predictions, func(pr Prediction) Fields[[]int] { return pr.QA })
}

func (p *Predictor) predictTask(ctx context.Context, task string, texts []datasets.Transcript, o PredictOptions) ([]Prediction, error) {
	o.Tasks = []string{task}
	return p.Predict(ctx, texts, o)
}

func pick[T any](predictions []Prediction, part func(Prediction) T) ([]T, error) {
	var parts []T
	for i, pr := range predictions {
		if pr.Err != nil {
			return nil, fmt.Errorf("text %d of %d: %w", i+1, len(predictions), pr.Err)
		}
		parts = append(parts, part(pr))
	}
	return parts, nil
}

// Predict returns one prediction per text, in the same order, from one pass of the
// encoder. For a text without words, or with non-finite logits, Err is set in its
// [Prediction]. Errors don't contain the texts. A goroutine that calls it often is best
// locked to its thread (see [nn.Configure]).
func (p *Predictor) Predict(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Prediction, error) {
	r, err := p.run(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	return r.Predictions(), nil
}

// run runs the model on texts, for the tasks selected by o.
func (p *Predictor) run(ctx context.Context, texts []datasets.Transcript, o PredictOptions) (*Reading, error) {
	r, err := p.Prepare(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	o = r.options
	var pieces []*piece
	for _, c := range r.calls {
		c.cut()
		pieces = append(pieces, c.pieces...)
	}
	done := 0
	for _, batch := range batches(pieces, o.BatchSize, o.BatchTokens) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		if err := p.read(batch, r.read, &o); err != nil {
			return nil, fmt.Errorf("predict a batch of %d texts: %w", len(batch), err)
		}
		if done += len(batch); o.Progress != nil {
			o.Progress(done, len(pieces))
		}
	}
	return r, nil
}

// minimumLimit is the smallest number of tokens of a model that can read a text: one token
// between [CLS] and [SEP].
const minimumLimit = 3

// check sets o's defaults and returns the selected tasks, in the model's order.
func (p *Predictor) check(o *PredictOptions) ([]tasks.Task, error) {
	if o.Threshold == 0 {
		o.Threshold = DefaultThreshold
	}
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if o.BatchTokens == 0 {
		o.BatchTokens = DefaultBatchTokens
	}
	switch {
	case o.Heads.Check(p.tasks) != nil:
		return nil, o.Heads.Check(p.tasks)
	case !(o.Threshold > 0 && o.Threshold < 1):
		return nil, fmt.Errorf("the QA threshold is %g; want more than 0 and less than 1", o.Threshold)
	case o.BatchSize < 0 || o.BatchTokens < 0:
		return nil, fmt.Errorf("batches of %d texts and %d tokens; want positive numbers", o.BatchSize, o.BatchTokens)
	}
	learnt := p.tasks
	if o.IndependentHeads {
		learnt = tasks.Independent(learnt)
	}
	return tasks.Select(learnt, o.Tasks)
}

// read runs the model on a batch and stores each piece's logits, and the answers to pooled
// calls of which it has the last windows.
func (p *Predictor) read(batch []*piece, list []tasks.Task, o *PredictOptions) (err error) {
	examples := make([]datasets.Example, len(batch))
	for i, pc := range batch {
		examples[i].IDs = pc.enc.IDs
		pc.logits = map[string][][]float32{}
	}
	b := datasets.Collator{PadID: int64(p.tok.PadID())}.Collate(nil, examples)
	s, err := p.model.Inference(o.Precision)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	hidden, mask := p.model.Hidden(s, b)
	outputs := outputsIn(s, p.model, b.Size, hidden, mask, list, OutputOptions{Attention: o.Attention})
	if s.Err() != nil {
		return nil // Close returns it
	}
	for _, out := range outputs {
		for i, pc := range batch {
			pc.take(out, i)
		}
	}
	p.pool(s, batch, list, hidden, b.Length)
	return nil
}
