package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/bench/inputs"
	"github.com/trident-nlp/trident/bench/protocol"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
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
	optimizer *torchx.AdamW
	refs      []datasets.BatchRef
	steps     uint64
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
	optimizer, err := torchx.NewAdamW(m.Params(), weightDecay)
	if err != nil {
		m.Drop()
		return nil, err
	}
	return &training{model: m, optimizer: optimizer, refs: refs}, nil
}

func (t *training) drop() {
	t.optimizer.Drop()
	t.model.Drop()
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
func (t *training) run(precision string) (protocol.Response, error) {
	var r protocol.Response
	started := time.Now()
	for _, ref := range t.refs {
		b := ref.Batch()
		loss, err := t.step(b, precision == protocol.BF16)
		if err != nil {
			return r, fmt.Errorf("train on a %s batch: %w", b.Name(), err)
		}
		r.Loss += loss / float64(len(t.refs))
		r.Samples += b.Size
		r.Tokens += b.Tokens
	}
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}

// step is the trainer's: see trainer.step.
func (t *training) step(b datasets.Batch, bf16 bool) (float64, error) {
	t.steps++
	if err := torchx.Seed(t.steps); err != nil {
		return 0, err
	}
	if err := t.optimizer.ZeroGrad(); err != nil {
		return 0, err
	}
	loss, err := t.gradient(b, bf16)
	if err != nil {
		return 0, err
	}
	if _, err := t.optimizer.ClipGradNorm(maxGradNorm); err != nil {
		return 0, err
	}
	return loss, t.optimizer.Step(learningRate)
}

func (t *training) gradient(b datasets.Batch, bf16 bool) (loss float64, err error) {
	s := torchx.Training(gotch.CPU)
	defer func() { err = errors.Join(err, s.Close()) }()
	if bf16 {
		s.Autocast()
	}
	hidden, mask := t.model.Hidden(s, b)
	var total *ts.Tensor
	for _, part := range b.Parts {
		total = t.model.Loss(s, b, part, t.model.Logits(s, part.Task, hidden, mask))
	}
	s.Backward(total)
	return s.Value(total), nil
}
