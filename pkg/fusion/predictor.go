package fusion

import (
	"context"
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Values of [PredictOptions] that are left zero.
const (
	DefaultThreshold   = 0.5
	DefaultBatchSize   = 32
	DefaultBatchTokens = 8 * 512
)

// PredictOptions say what to predict, and how. The zero value predicts all
// that the model has learnt and cuts long texts.
type PredictOptions struct {
	Tasks     []string   // names; nil: all of the model's
	Threshold float64    // a criterion is met if its probability is higher; 0: DefaultThreshold
	Heads     Thresholds // other thresholds for some heads
	Scores    bool       // give the probabilities as well…
	// …or only those of what is said of a whole text: classes and yes/no outputs,
	// without those of each word, which are most of all.
	TextScores bool
	Attention  bool // give what the attention pooling of the tasks that have it looked at

	// IndependentHeads makes each head say its own likeliest label, as in the
	// Python prototype, also where it follows another one ([tasks.Task.Answer]).
	IndependentHeads bool

	// Precision of matrix products: float32 if it is "". Those of bfloat16 and
	// 8-bit integers are faster where the processor has them, and a little less
	// exact; 8-bit integers are for the CPU.
	Precision nn.Precision

	// Overlap says what becomes of a text that is longer than the model reads.
	// 0: its end isn't read, as in the Python prototype. More: it is read in
	// windows that share Overlap tokens.
	Overlap int

	// MaxTokens bounds what the model reads of all texts together, windows and
	// their special tokens included: for more there is [ErrTooManyTokens], before
	// any window is made. 0: no bound.
	MaxTokens int

	BatchSize   int // texts (or windows) that go through the model at once; 0: DefaultBatchSize
	BatchTokens int // their tokens, padding included, unless one has more; 0: DefaultBatchTokens

	Progress func(done, total int) // called after each batch with the texts (or windows) done; may be nil
}

// Predictor runs a model on texts: they are sorted by length, read in batches
// that need little padding, and come back in their order. One pass through the
// encoder serves all tasks. It is safe for concurrent use.
type Predictor struct {
	model network
	tasks []tasks.Task
	tok   *tokenize.Tokenizer
	limit int // tokens that the model reads at once
}

// network is what a Predictor needs of a [Model].
type network interface {
	Hidden(s *torchx.Scope, b datasets.Batch) (hidden, mask *ts.Tensor)
	Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor
	Attention(s *torchx.Scope, task string, hidden, mask *ts.Tensor) *ts.Tensor
	Inference(precision torchx.Precision) (*torchx.Scope, error)
}

// NewPredictor makes a Predictor of what [Load] returns. The model must live
// as long as it.
func NewPredictor(m *Model, tok *tokenize.Tokenizer) *Predictor {
	return &Predictor{
		model: m,
		tasks: m.Tasks,
		tok:   tok,
		limit: min(tok.ModelMaxLength(), int(m.Config.MaxPositions)),
	}
}

// Tasks returns the tasks that the model has learnt.
func (p *Predictor) Tasks() []tasks.Task { return p.tasks }

// MaxLength returns how many tokens of a text the model reads at once, [CLS]
// and [SEP] included.
func (p *Predictor) MaxLength() int { return p.limit }

// PredictNER returns each text's words with their labels, and its entities.
func (p *Predictor) PredictNER(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Prediction, error) {
	return p.predictTask(ctx, tasks.NERName, texts, o)
}

// PredictClassification returns each text's main_category, sub_category,
// intervention and priority. The first text without an answer is an error.
func (p *Predictor) PredictClassification(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Fields[string], error) {
	predictions, err := p.predictTask(ctx, tasks.CLSName, texts, o)
	if err != nil {
		return nil, err
	}
	return pick(predictions, func(pr Prediction) Fields[string] { return pr.Classification })
}

// PredictQA returns for each text, by head, 1 for each criterion that is met
// and 0 for the others. The first text without an answer is an error.
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

// Predict returns a prediction for each text, in their order, from one pass of
// the encoder. A text without any word has none, nor one for which the model's numbers
// aren't finite, but a [Prediction] with Err. An error says nothing of the texts.
func (p *Predictor) Predict(ctx context.Context, texts []datasets.Transcript, o PredictOptions) ([]Prediction, error) {
	r, err := p.run(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	return r.Predictions(), nil
}

// run puts texts through the model, for the tasks that o asks for.
func (p *Predictor) run(ctx context.Context, texts []datasets.Transcript, o PredictOptions) (*Reading, error) {
	r, err := p.Prepare(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	o = r.options
	var pieces []*piece
	for _, c := range r.calls {
		c.cut(p.limit, o.Overlap)
		pieces = append(pieces, c.pieces...)
	}
	done := 0
	for _, batch := range batches(pieces, o.BatchSize, o.BatchTokens) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		if err := p.read(batch, r.list, &o); err != nil {
			return nil, fmt.Errorf("predict a batch of %d texts: %w", len(batch), err)
		}
		if done += len(batch); o.Progress != nil {
			o.Progress(done, len(pieces))
		}
	}
	return r, nil
}

// check fills in o's defaults and finds the tasks that it asks for, in the
// model's order.
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
	case o.Overlap < 0 || o.Overlap > p.limit-3:
		return nil, fmt.Errorf("windows that share %d tokens; with this model want 0 to %d", o.Overlap, p.limit-3)
	}
	learnt := p.tasks
	if o.IndependentHeads {
		learnt = tasks.Independent(learnt)
	}
	return tasks.Select(learnt, o.Tasks)
}

// read runs the model on a batch and hands each piece its logits.
func (p *Predictor) read(batch []*piece, list []tasks.Task, o *PredictOptions) error {
	examples := make([]datasets.Example, len(batch))
	for i, pc := range batch {
		examples[i].IDs = pc.enc.IDs
		pc.logits = map[string][][]float32{}
	}
	b := datasets.Collator{PadID: int64(p.tok.PadID())}.Collate(nil, examples)
	outputs, err := outputsOf(p.model, b, list, OutputOptions{Precision: o.Precision, Attention: o.Attention})
	if err != nil {
		return err
	}
	for _, out := range outputs {
		for i, pc := range batch {
			pc.take(out, i)
		}
	}
	return nil
}
