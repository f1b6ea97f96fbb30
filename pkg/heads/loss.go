package heads

import (
	"fmt"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// lossFunc is one head's mean loss over the targets that aren't ignored, a
// scalar.
type lossFunc func(s *torchx.Scope, logits, target *ts.Tensor) *ts.Tensor

// tokenLoss takes logits [batch, seq, labels] and class ids [batch·seq].
func tokenLoss(s *torchx.Scope, logits, target *ts.Tensor) *ts.Tensor {
	return s.CrossEntropy(s.Rows(logits), target, tasks.IgnoreToken)
}

// classLoss takes logits [batch, labels] and class ids [batch].
func classLoss(s *torchx.Scope, logits, target *ts.Tensor) *ts.Tensor {
	return s.CrossEntropy(logits, target, tasks.IgnoreClass)
}

// flagLoss takes logits and 0 or 1, both [batch, labels].
func flagLoss(s *torchx.Scope, logits, target *ts.Tensor) *ts.Tensor {
	return s.BCEWithLogits(logits, target)
}

// sumLosses adds up the heads' losses. A head without a target is left out.
func sumLosses(s *torchx.Scope, loss lossFunc, logits, targets []*ts.Tensor) *ts.Tensor {
	if len(targets) != len(logits) {
		s.Fail(fmt.Errorf("loss: %d targets for %d heads", len(targets), len(logits)))
		return nil
	}
	var total *ts.Tensor
	for i, target := range targets {
		switch {
		case target == nil:
		case total == nil:
			total = loss(s, logits[i], target)
		default:
			total = s.Add(total, loss(s, logits[i], target))
		}
	}
	return total
}
