package main

import (
	"context"
	"fmt"
	"time"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// offline reads the same calls without a server.
type offline struct {
	predictor *fusion.Predictor
	texts     []datasets.Transcript
	warm      map[string]bool // by precision
	close     func()
}

func openOffline(dir string, threads int, texts []string) (*offline, error) {
	torchx.Configure(threads)
	device, err := torchx.Device("cpu")
	if err != nil {
		return nil, err
	}
	m, tok, err := fusion.Load(dir, device)
	if err != nil {
		return nil, err
	}
	o := &offline{predictor: fusion.NewPredictor(m, tok), warm: map[string]bool{}, close: m.Drop}
	for _, text := range texts {
		o.texts = append(o.texts, datasets.Transcript(text))
	}
	return o, nil
}

// read reads all calls over and over for a while, and returns how many it read
// in what time.
func (o *offline) read(ctx context.Context, precision string, span time.Duration) (n int, took time.Duration, err error) {
	options := fusion.PredictOptions{Precision: torchx.Precision(precision)}
	if !o.warm[precision] {
		if _, err := o.predictor.Predict(ctx, o.texts[:1], options); err != nil {
			return 0, 0, fmt.Errorf("read calls offline: %w", err)
		}
		o.warm[precision] = true
	}
	begun := time.Now()
	for n == 0 || time.Since(begun) < span {
		if _, err := o.predictor.Predict(ctx, o.texts, options); err != nil {
			return 0, 0, fmt.Errorf("read calls offline: %w", err)
		}
		n += len(o.texts)
	}
	return n, time.Since(begun), nil
}
