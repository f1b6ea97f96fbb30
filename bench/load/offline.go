package main

import (
	"context"
	"time"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// offline reads the same calls without a server.
type offline struct {
	predictor *fusion.Predictor
	options   fusion.PredictOptions
	texts     []datasets.Transcript
	close     func()
}

func openOffline(dir, precision string, threads int, texts []string) (*offline, error) {
	torchx.Configure(threads)
	device, err := torchx.Device("cpu")
	if err != nil {
		return nil, err
	}
	m, tok, err := fusion.Load(dir, device)
	if err != nil {
		return nil, err
	}
	o := &offline{
		predictor: fusion.NewPredictor(m, tok),
		options:   fusion.PredictOptions{Precision: torchx.Precision(precision).Resolve(device)},
		close:     m.Drop,
	}
	for _, text := range texts {
		o.texts = append(o.texts, datasets.Transcript(text))
	}
	_, err = o.predictor.Predict(context.Background(), o.texts[:1], o.options) // warms up
	return o, err
}

// rate is calls a second: all of them, over and over, for a while.
func (o *offline) rate(ctx context.Context, span time.Duration) (float64, error) {
	begun, n := time.Now(), 0
	for n == 0 || time.Since(begun) < span {
		if _, err := o.predictor.Predict(ctx, o.texts, o.options); err != nil {
			return 0, err
		}
		n += len(o.texts)
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}
