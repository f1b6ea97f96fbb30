package run

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/pkg/config"
)

// warnOfLossRule warns of a rule for the losses' weights where clipping undoes most of it:
// the gradient of a step with one task has the same norm whatever the task's weight.
func warnOfLossRule(c config.Config, stderr io.Writer) {
	rule := c.Training.LossWeights.Rule
	if rule == "" || len(c.TaskNames()) < 2 || c.Training.MaxGradNorm == 0 || c.TasksShareSteps() {
		return
	}
	fmt.Fprintf(stderr, "train: warning: training.loss_weights: %s changes little: a step holds one task, and its gradient is clipped to training.max_grad_norm %g whatever its weight; set training.mix_tasks=true\n",
		rule, c.Training.MaxGradNorm)
}
