package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/pkg/calibrate"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

// Model is the model that a [Server] labels calls with.
type Model struct {
	Predictor *fusion.Predictor
	Precision nn.Precision
	Hash      string // identifies the model
	Warning   string // about doubtful files; may be ""
	Drop      func() // frees it

	about *about // what its folder says of it; nil: nothing
}

// OpenModel loads a model directory. Its hash is the SHA-256 of the files read.
func OpenModel(dir string, device gotch.Device, precision nn.Precision) (*Model, error) {
	before, err := fusion.HashDir(dir)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", dir, err)
	}
	m, tok, err := fusion.Load(dir, device)
	if err != nil {
		return nil, err
	}
	after, err := fusion.HashDir(dir)
	if err == nil && after != before {
		err = errors.New("its files changed while they were read; try again")
	}
	if err != nil {
		m.Drop()
		return nil, fmt.Errorf("load model %s: %w", dir, err)
	}
	said, err := readAbout(dir)
	if err != nil {
		m.Drop()
		return nil, fmt.Errorf("load model %s: %w", dir, err)
	}
	c, err := calibrate.Read(dir, func() (string, error) { return after, nil }, m.Tasks)
	if err != nil {
		m.Drop()
		return nil, err
	}
	p := fusion.NewPredictor(m, tok)
	p.Calibrate(c)
	return &Model{
		about:     said,
		Predictor: p,
		Precision: precision.Resolve(device),
		Hash:      after,
		Warning:   fusion.UnusedRows(m.Config, tok),
		Drop:      m.Drop,
	}, nil
}

// generation is a model in use, with the goroutine that runs it.
type generation struct {
	*Model
	batcher *batcher
	users   sync.WaitGroup // requests that use it
}

// generation returns a new generation for m.
func (s *Server) generation(m *Model) *generation {
	b := batching{size: s.BatchSize, tokens: s.BatchTokens, wait: s.BatchWait}
	return &generation{Model: m, batcher: newBatcher(b, func(pieces []fusion.Piece) error {
		tokens := 0
		for _, p := range pieces {
			tokens += p.Tokens()
		}
		s.metrics.batch(len(pieces), tokens)
		return s.read(m, pieces)
	})}
}

// run runs the model on pieces. A bug there must not end the server.
func run(m *Model, pieces []fusion.Piece) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicError(p)
		}
	}()
	return m.Predictor.Read(pieces, m.Precision)
}

// warmUp runs the whole model on a text of maximum length: this rounds weights
// and allocates buffers. A model with non-finite numbers fails here.
func (g *generation) warmUp(ctx context.Context) error {
	long := make([]byte, 0, 2*g.Predictor.MaxLength())
	for range g.Predictor.MaxLength() {
		long = append(long, "a "...)
	}
	for range 2 {
		g.batcher.forget() // the first pass is slow
		reading, err := g.Predictor.Prepare(ctx, []datasets.Transcript{datasets.Transcript(long), "a"}, fusion.PredictOptions{Scores: true})
		if err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
		if _, err := g.batcher.submit(ctx, reading.Pieces()); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
		for _, p := range reading.Predictions() {
			if p.Err != nil {
				return fmt.Errorf("warm up: %w", p.Err)
			}
		}
	}
	return nil
}

// retire frees the model once no request uses it.
func (g *generation) retire() {
	g.users.Wait()
	g.batcher.close()
	g.Drop()
}
