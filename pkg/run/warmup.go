package run

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/trainer"
)

// warnOfWarmup warns if the learning rate never reaches its peak.
func warnOfWarmup(s trainer.Schedule, c config.Training, stderr io.Writer) {
	if s.Total == 0 || s.Warmup < s.Total {
		return
	}
	key, value := "warmup_ratio", fmt.Sprint(c.WarmupRatio)
	if c.WarmupSteps > 0 {
		key, value = "warmup_steps", fmt.Sprint(c.WarmupSteps)
	}
	fmt.Fprintf(stderr, "train: warning: training.%s is %s, but the run has only %d steps: the learning rate ends at %.2g, before it reaches training.learning_rate %g\n",
		key, value, s.Total, s.Rate(s.Total-1), c.LearningRate)
}
