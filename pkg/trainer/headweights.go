package trainer

import (
	"math"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// headWeights are 1/ln(number of classes) for each of a task's heads, 1/ln 2 for yes/no
// outputs: a head that knows nothing then has the loss 1 (MUPPET; Aghajanyan et al.
// 2021). A head with a single class, whose loss is 0, has the weight 1.
func headWeights(task tasks.Task) []float64 {
	weights := make([]float64, len(task.Heads))
	for h, head := range task.Heads {
		classes := len(head.Labels)
		if task.YesNo() {
			classes = 2
		}
		weights[h] = 1
		if classes > 1 {
			weights[h] = 1 / math.Log(float64(classes))
		}
	}
	return weights
}

// headWeightsOf returns the weights of the heads of all tasks, by task.
func headWeightsOf(loaders []datasets.Loader) map[string][]float64 {
	all := map[string][]float64{}
	for _, l := range loaders {
		for _, task := range l.Tasks {
			all[task.Name] = headWeights(task)
		}
	}
	return all
}

// sumOfHeads is a task's loss, whose Weighted has each head's share multiplied by that
// head's weight. The loss between hidden states, which isn't a head's, isn't weighted.
func (m multitask) sumOfHeads(s *torchx.Scope, b datasets.Batch, part datasets.Part, logits []*ts.Tensor, hidden, teacher, mask *ts.Tensor) PartLoss {
	loss := PartLoss{Task: part.Task}
	d, _ := m.teaching(part.Task)
	ofHeads, ofHidden := d, d
	ofHeads.HiddenWeight, ofHidden.Alpha = 0, 0
	for h, weight := range m.headWeights[part.Task] {
		one := onlyHead(part, h)
		own := PartLoss{Hard: m.Loss(s, b, one, logits)}
		ofHeads.learn(s, &own, m.Model, b, one, logits, nil, nil, nil)
		loss.Hard, loss.Soft = sum(s, loss.Hard, own.Hard), sum(s, loss.Soft, own.Soft)
		loss.Total = sum(s, loss.Total, own.Total)
		loss.Weighted = sum(s, loss.Weighted, scaled(s, own.Total, weight))
	}
	if ofHidden.HiddenWeight > 0 {
		var own PartLoss
		ofHidden.learn(s, &own, m.Model, b, part, logits, hidden, teacher, mask)
		loss.Hidden = own.Hidden
		loss.Total, loss.Weighted = sum(s, loss.Total, own.Total), sum(s, loss.Weighted, own.Total)
	}
	return loss
}

// onlyHead returns the part without the targets of all heads but one. Whether it has
// teacher targets remains visible in the denominators.
func onlyHead(part datasets.Part, head int) datasets.Part {
	targets := make([]datasets.Target, len(part.Targets))
	for i, target := range part.Targets {
		if i == head {
			targets[i] = target
		} else {
			targets[i].Soft.Denominator = max(target.Soft.Denominator, float64(len(target.Soft.Rows)))
		}
	}
	return datasets.Part{Task: part.Task, Targets: targets, Taught: part.Taught}
}
