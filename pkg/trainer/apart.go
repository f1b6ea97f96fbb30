package trainer

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
)

// sumTasks sums the gradients and losses of all passes of a step, over all ranks. Where
// the rule needs the norms of the tasks' gradients, or each is clipped, it sums them one
// task after the other. Norms are those at the encoder, without the losses' weights.
func (t *Trainer) sumTasks(ctx context.Context, passes []datasets.Batch) (losses []TaskLoss, norms map[string]float64, err error) {
	names := tasksOf(passes)
	if len(names) > 1 && !t.settings.ClipPerTask && !t.measuring() {
		losses, err = t.sumGradients(ctx, passes)
		return losses, nil, err
	}
	norms = map[string]float64{}
	var before []torchx.Gradients // of the tasks that are done
	defer func() {
		for _, g := range before {
			g.Drop()
		}
	}()
	for i, task := range names {
		if i > 0 {
			g, err := torchx.TakeGradients(t.params)
			if err != nil {
				return nil, nil, err
			}
			before = append(before, g)
		}
		own, err := t.sumGradients(ctx, onlyTask(passes, task))
		if err != nil {
			return nil, nil, err
		}
		if losses = append(losses, own...); len(own) == 0 {
			continue
		}
		if err := t.measure(task, norms); err != nil {
			return nil, nil, err
		}
		if t.settings.ClipPerTask && len(names) > 1 {
			if _, err := torchx.ClipGradNorm(t.params, cmp.Or(t.settings.MaxGradNorm, math.Inf(1))); err != nil {
				return nil, nil, err
			}
		}
	}
	for len(before) > 0 {
		g := before[0]
		before = before[1:]
		if err := g.AddTo(t.params); err != nil {
			return nil, nil, err
		}
	}
	return losses, norms, nil
}

// measuring reports whether the norms of the gradients of tasks in the same step are due.
func (t *Trainer) measuring() bool {
	return t.settings.Balance == BalanceGradientNorm && t.progress.Balance.Steps%measureEvery == 0
}

// measure sets norms[task] if the rule needs it, from the present gradients, which are
// the task's alone.
func (t *Trainer) measure(task string, norms map[string]float64) error {
	weight := t.lossWeight(task)
	if t.settings.Balance != BalanceGradientNorm || weight == 0 {
		return nil
	}
	norm, err := torchx.GradNorm(t.encoder)
	norms[task] = norm / weight
	return err
}

// clipLimit is the largest norm of the sum of a step's gradients.
func (t *Trainer) clipLimit(passes []datasets.Batch) float64 {
	if t.settings.MaxGradNorm == 0 || t.settings.ClipPerTask && len(tasksOf(passes)) > 1 {
		return math.Inf(1)
	}
	return t.settings.MaxGradNorm
}

// tasksOf returns the names of the tasks in the passes of a step, each once.
func tasksOf(passes []datasets.Batch) (names []string) {
	for _, b := range passes {
		for _, part := range b.Parts {
			if !slices.Contains(names, part.Task) {
				names = append(names, part.Task)
			}
		}
	}
	return names
}

// onlyTask returns the passes that have targets of a task, without those of others.
func onlyTask(passes []datasets.Batch, task string) (own []datasets.Batch) {
	for _, b := range passes {
		for _, part := range b.Parts {
			if part.Task == task {
				b.Parts = []datasets.Part{part}
				own = append(own, b)
				break
			}
		}
	}
	return own
}

// encoderParams returns the trainable parameters below the heads.
func encoderParams(m layered, params []torchx.Param) (list []*ts.Tensor) {
	for _, p := range params {
		if layer, layers := m.Layer(p.Name); layer <= layers {
			list = append(list, p.Tensor)
		}
	}
	return list
}
