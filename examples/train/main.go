// Command train generates demo calls in data/ and trains a small model on them for three
// epochs. The model is saved in model/.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/datasets/synth"
	"github.com/trident-nlp/trident/pkg/run"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := train(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func train(ctx context.Context) error {
	calls := synth.Options{NER: 60, Cases: 120, QA: 60, Seed: 1, Short: true}
	if _, err := synth.WriteAll(ctx, "data", calls, nil); err != nil {
		return err
	}
	c := config.Default(config.TaskMultitask)
	c.Data.NERPath = filepath.Join("data", synth.NERFile)
	c.Data.ClassificationPath = filepath.Join("data", synth.CasesFile)
	c.Data.QAPath = filepath.Join("data", synth.QAFile)
	c.Backbone.Init = config.InitRandom
	c.Backbone.Size = config.Size{Dim: 64, Layers: 2, Heads: 2, HiddenDim: 128}
	c.Tokenizer.VocabSize, c.Tokenizer.Padding = 2048, config.PadLongest
	c.Training.NumEpochs, c.Training.LearningRate = 3, 2e-3
	c.Output.ModelDir = "model"
	c.MLflow.Enabled = false
	if err := c.Validate(); err != nil {
		return err
	}

	r, err := run.Open(ctx, c, run.Options{Out: os.Stdout, Err: os.Stderr})
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Fit(ctx)
}
