package trainer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/heads"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// flagThreshold is the probability above which a yes/no output is yes.
const flagThreshold = 0.5

// Evaluate scores the model on the examples of loaders, one task after the other. With
// several ranks, each takes its share of every batch, and all return the same scores.
func (t *Trainer) Evaluate(ctx context.Context, loaders []datasets.Loader) ([]Scores, error) {
	if err := t.usable(); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	if wrong := checkLoaders("loaders", loaders); len(wrong) > 0 {
		return nil, fmt.Errorf("evaluate: %s", strings.Join(wrong, "; "))
	}
	batches := 0
	for _, l := range loaders {
		batches += l.Batches()
	}
	t.notify(func(o Observer) { o.EvaluationBegin(batches) })
	defer t.notify(Observer.EvaluationEnd)
	var all []Scores
	for _, l := range loaders {
		scorers := newScorers(l.Tasks)
		if err := t.evaluateLoader(ctx, l, scorers); err != nil {
			return nil, err
		}
		for _, s := range scorers {
			all = append(all, s.result())
		}
	}
	return all, nil
}

func (t *Trainer) evaluateLoader(ctx context.Context, l datasets.Loader, scorers []*taskScorer) error {
	refs := l.Ordered()
	var mine outcomes
	for i, ref := range refs {
		if t.ranks == nil && ctx.Err() != nil {
			return ctx.Err()
		}
		if mine.Stopped = t.stopAll || ctx.Err() != nil; mine.Stopped {
			break // the other ranks learn of it below
		}
		parts, whole := t.parts(ref)
		outs := make([]outcome, len(parts))
		for p, b := range parts {
			var err error
			if outs[p], err = t.predict(b, l.Tasks); err != nil {
				return fmt.Errorf("batch %d (%s): %w", i+1, describe(whole), explainMemory(err))
			}
		}
		switch {
		case t.ranks != nil:
			mine.List = append(mine.List, outs...)
		case len(parts) > 1:
			addTo(scorers, whole, merged(whole, l.Tasks, t.shares(ref), outs))
		default:
			addTo(scorers, whole, outs[0])
		}
		t.notify(Observer.EvaluationStep)
	}
	if t.ranks == nil {
		return nil
	}
	all, err := t.gather(mine)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		shares := t.shares(ref)
		outs := make([]outcome, len(shares))
		for i, s := range shares {
			outs[i], all[s.rank].List = all[s.rank].List[0], all[s.rank].List[1:]
		}
		b := ref.Batch()
		addTo(scorers, b, merged(b, l.Tasks, shares, outs))
	}
	return nil
}

// addTo passes each of a batch's tasks to its scorer.
func addTo(scorers []*taskScorer, b datasets.Batch, out outcome) {
	for i, part := range b.Parts {
		if out.Losses[i].Count > 0 {
			scorers[i].addLoss(out.Losses[i].Sum, part)
		}
		scorers[i].addBoth(b, part, out.Predicted[i], out.Answers[i])
	}
}

// predict runs the model on a batch without gradients. An empty share has no outcome.
func (t *Trainer) predict(b datasets.Batch, list []tasks.Task) (out outcome, err error) {
	if b.Size == 0 {
		return outcome{}, nil
	}
	s := t.open(torchx.Inference)
	defer func() { err = errors.Join(err, s.Close()) }()
	all := t.objective.Predict(s, b, list)
	if s.Err() != nil {
		return outcome{}, nil // it is Close's
	}
	if err := checkPredictions(all, b, list); err != nil {
		return outcome{}, err
	}
	for _, p := range all {
		var loss mean
		if p.Loss != nil {
			loss.add(s.Value(p.Loss))
		}
		out.Losses = append(out.Losses, loss)
		out.Predicted = append(out.Predicted, p.Predicted)
		out.Answers = append(out.Answers, p.Answers)
	}
	return out, nil
}

// decide returns the most likely class of each row, or 0 or 1 for each flag.
func decide(s *torchx.Scope, task tasks.Task, logits []*ts.Tensor) [][]int {
	predicted := make([][]int, len(logits))
	for h, x := range logits {
		if task.Kind == tasks.MultiLabel {
			predicted[h] = flags(s.ReadFloat32(s.Sigmoid(x)))
		} else {
			predicted[h] = classes(s.ReadInt64(s.Argmax(x, -1)))
		}
	}
	return predicted
}

// answers returns the consistent classes of dependent heads, in the layout of [decide];
// nil if a task has none.
func answers(s *torchx.Scope, task tasks.Task, logits []*ts.Tensor) [][]int {
	if !task.Paired() {
		return nil
	}
	list := make([][]int, len(logits))
	for _, answer := range heads.Answers(s, task, logits) {
		for h, class := range answer {
			list[h] = append(list[h], class)
		}
	}
	return list
}

// open opens a scope of that kind in the run's precision.
func (t *Trainer) open(kind func(gotch.Device) *torchx.Scope) *torchx.Scope {
	s := kind(t.objective.Params().Device())
	if t.settings.BF16 {
		s.Autocast()
	}
	return s
}

func flags(probabilities []float32) []int {
	values := make([]int, len(probabilities))
	for i, p := range probabilities {
		values[i] = toFlag(p > flagThreshold)
	}
	return values
}

func classes(ids []int64) []int {
	values := make([]int, len(ids))
	for i, id := range ids {
		values[i] = int(id)
	}
	return values
}

// average is the mean of the tasks' selection metrics, which decides the best
// checkpoint.
func average(all []Scores) float64 {
	var m mean
	for _, s := range all {
		m.add(s.Value)
	}
	return m.value()
}
