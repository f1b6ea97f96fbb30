package fusion

import (
	"context"
	"fmt"
	"slices"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Reading is [Predictor.Predict] in three steps, for whoever puts the texts of
// several callers into one batch, such as a server: [Predictor.Prepare] cuts
// texts into pieces, [Predictor.Read] puts pieces of any readings of this
// Predictor through the model, and [Reading.Predictions] makes of them what
// Predict returns.
type Reading struct {
	list    []tasks.Task
	options PredictOptions
	calls   []*call
	limit   int // tokens that the model reads at once
}

// Piece is what the model reads at once: a text, its beginning, or a window.
type Piece struct {
	*piece
	list      []tasks.Task
	attention bool
}

// Tokens returns how many tokens the piece has, [CLS] and [SEP] included.
func (p Piece) Tokens() int { return len(p.enc.IDs) }

// Prepare tokenizes texts, until ctx is done. Of o it heeds neither Precision
// nor the size of batches, nor Progress. It is safe for concurrent use. An
// error says nothing of the texts.
func (p *Predictor) Prepare(ctx context.Context, texts []datasets.Transcript, o PredictOptions) (*Reading, error) {
	list, err := p.check(&o)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	calls, err := p.tokenize(ctx, texts, o)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	return &Reading{list: list, options: o, calls: calls, limit: p.limit}, nil
}

// Tokens returns how many tokens all pieces have together, without making
// them.
func (r *Reading) Tokens() int {
	n := 0
	for _, c := range r.calls {
		n += c.size(r.limit, r.options.Overlap)
	}
	return n
}

// Empty returns the index of the first text that the tokenizer leaves nothing of, for
// which [Reading.Predictions] has no answer; -1 if there is none.
func (r *Reading) Empty() int { return slices.IndexFunc(r.calls, (*call).empty) }

// Pieces returns all that has to be read, in the texts' order. It makes them,
// so that it is to be called once.
func (r *Reading) Pieces() []Piece {
	var list []Piece
	for _, c := range r.calls {
		c.cut(r.limit, r.options.Overlap)
		for _, pc := range c.pieces {
			list = append(list, Piece{pc, r.list, r.options.Attention})
		}
	}
	return list
}

// Read puts pieces through the model at once, for the tasks that any of them
// is wanted for. It is safe for concurrent use with other pieces.
func (p *Predictor) Read(pieces []Piece, precision nn.Precision) error {
	o := PredictOptions{Precision: precision}
	wanted := []string{}
	batch := make([]*piece, len(pieces))
	for i, pc := range pieces {
		batch[i] = pc.piece
		o.Attention = o.Attention || pc.attention
		wanted = append(wanted, tasks.Names(pc.list)...)
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

// Predictions returns a prediction for each text, in their order. All pieces
// must have been read.
func (r *Reading) Predictions() []Prediction {
	predictions := make([]Prediction, len(r.calls))
	for i, c := range r.calls {
		predictions[i] = c.prediction(r.list, r.options)
	}
	return predictions
}
