package fusion

import (
	"context"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Reading splits [Predictor.Predict] into three steps, for programs such as a server
// that combine the texts of several callers into one batch: [Predictor.Prepare] splits
// texts into pieces, [Predictor.Read] runs the model on pieces of any readings of this
// Predictor, and [Reading.Predictions] converts the results to those of Predict.
type Reading struct {
	list    []tasks.Task
	options PredictOptions
	calls   []*call
}

// Piece is a sequence for one pass of the model: a text, its beginning, or a window.
type Piece struct{ *piece }

// Tokens returns the number of tokens in the piece, including [CLS] and [SEP].
func (p Piece) Tokens() int { return len(p.enc.IDs) }

// Prepare tokenizes texts, until ctx is done. It ignores o's Precision, batch sizes and
// Progress. It is safe for concurrent use. Errors don't contain the texts.
func (p *Predictor) Prepare(ctx context.Context, texts []datasets.Transcript, o PredictOptions) (*Reading, error) {
	list, err := p.check(&o)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	calls, err := p.tokenize(ctx, texts, o)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	for i, c := range calls {
		c.tasks, c.attention = list, o.Attention
		c.calibration, c.learnt, c.unknown = p.calibration, p.longest, p.tok.UnknownID()
		if o.Languages != nil {
			c.language = o.Languages[i]
		}
	}
	return &Reading{list: list, options: o, calls: calls}, nil
}

// Tokens returns the total number of tokens of all pieces, without creating them.
func (r *Reading) Tokens() int {
	n := 0
	for _, c := range r.calls {
		n += c.size()
	}
	return n
}

// Empty returns the index of the first text without tokens, for which
// [Reading.Predictions] has no prediction; -1 if there is none.
func (r *Reading) Empty() int { return slices.IndexFunc(r.calls, (*call).empty) }

// Pieces creates and returns all pieces, in the texts' order. It must be called only
// once.
func (r *Reading) Pieces() []Piece {
	var list []Piece
	for _, c := range r.calls {
		c.cut()
		for _, pc := range c.pieces {
			list = append(list, Piece{pc})
		}
	}
	return list
}

// Read runs the model on pieces as one batch, for the tasks that any of them requests.
// It is safe for concurrent use with other pieces.
func (p *Predictor) Read(pieces []Piece, precision nn.Precision) error {
	o := PredictOptions{Precision: precision}
	wanted := []string{}
	batch := make([]*piece, len(pieces))
	for i, pc := range pieces {
		batch[i] = pc.piece
		o.Attention = o.Attention || pc.call.attention
		wanted = append(wanted, tasks.Names(pc.call.tasks)...)
	}
	list, err := tasks.Select(p.tasks, wanted)
	if err == nil {
		err = p.read(batch, list, &o)
	}
	if err != nil {
		return fmt.Errorf("predict a batch of %d texts: %w", len(batch), err)
	}
	return nil
}

// Predictions returns one prediction per text, in the same order. All pieces must have
// been read.
func (r *Reading) Predictions() []Prediction {
	predictions := make([]Prediction, len(r.calls))
	for i, c := range r.calls {
		predictions[i] = c.prediction(r.list, r.options)
	}
	return predictions
}
