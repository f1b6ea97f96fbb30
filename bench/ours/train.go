package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// What all ways train with.
const (
	learningRate = 2e-5
	weightDecay  = 0.01
	maxGradNorm  = 1.0
)

// training is a model on its way, with the batches that it learns from.
type training struct {
	model     *fusion.Model
	refs      []datasets.BatchRef
	steps     uint64
	precision string
	trainer   *trainer.Trainer // of that precision; nil before the first run
}

func newTraining(in inputs.Inputs) (*training, error) {
	m, tok, err := fusion.Load(in.Model, gotch.CPU)
	if err != nil {
		return nil, err
	}
	refs, err := alternate(in, m.Tasks, tok)
	if err != nil {
		m.Drop()
		return nil, err
	}
	return &training{model: m, refs: refs}, nil
}

func (t *training) drop() {
	if t.trainer != nil {
		t.trainer.Drop()
	}
	t.model.Drop()
}

// toPrecision makes a new trainer where the precision is another.
func (t *training) toPrecision(precision string) error {
	if t.trainer != nil && t.precision == precision {
		return nil
	}
	next, err := trainer.New(trainer.Settings{WeightDecay: weightDecay, MaxGradNorm: maxGradNorm, BF16: precision == protocol.BF16}, trainer.Deps{Model: t.model})
	if err != nil {
		return err
	}
	if t.trainer != nil {
		t.trainer.Drop()
	}
	t.trainer, t.precision = next, precision
	return nil
}

// alternate cuts the examples into batches, one of each task in turn.
func alternate(in inputs.Inputs, list []tasks.Task, tok *tokenize.Tokenizer) ([]datasets.BatchRef, error) {
	var each [][]datasets.BatchRef
	for _, part := range in.Train {
		task, err := tasks.Find(list, part.Name)
		if err != nil {
			return nil, err
		}
		loader := datasets.Loader{Tasks: []tasks.Task{task}, BatchSize: in.BatchSize, Collator: datasets.Collator{PadID: int64(tok.PadID())}}
		for i, ex := range part.Examples {
			label := datasets.Label{Classes: ex.Classes, Flags: ex.Flags}
			loader.Examples = append(loader.Examples, datasets.Example{Record: i + 1, IDs: ex.IDs, Labels: []datasets.Label{label}})
		}
		each = append(each, loader.Ordered())
	}
	var refs []datasets.BatchRef
	for i := range each[0] { // each task has as many
		for _, of := range each {
			refs = append(refs, of[i])
		}
	}
	return refs, nil
}

// run makes a step from each batch.
func (t *training) run(ctx context.Context, precision string) (protocol.Response, error) {
	var r protocol.Response
	if err := t.toPrecision(precision); err != nil {
		return r, err
	}
	started := time.Now()
	for _, ref := range t.refs {
		b := ref.Batch()
		t.steps++
		result, err := t.trainer.Step(ctx, b, trainer.StepOptions{Rate: learningRate, Seed: t.steps})
		if err != nil {
			return r, fmt.Errorf("train on a %s batch: %w", b.Name(), err)
		}
		for _, loss := range result.Losses {
			r.Loss += loss.Total / float64(len(t.refs))
		}
		r.Samples += b.Size
		r.Tokens += b.Tokens
	}
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}
