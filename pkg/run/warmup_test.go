package run

import (
	"strings"
	"testing"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/trainer"
)

func TestWarnOfWarmup(t *testing.T) {
	const total = 100
	for _, test := range []struct {
		name     string
		schedule trainer.Schedule
		training config.Training
		want     string
	}{
		{"reached in the last step", trainer.Schedule{Peak: 1, Warmup: total - 1, Total: total}, config.Training{WarmupSteps: total - 1, LearningRate: 1}, ""},
		{"steps", trainer.Schedule{Peak: 1, Warmup: 198, Total: total}, config.Training{WarmupSteps: 198, LearningRate: 1},
			"training.warmup_steps is 198, but the run has only 100 steps: the learning rate ends at 0.5, before it reaches training.learning_rate 1\n"},
		{"share", trainer.Schedule{Peak: 1, Warmup: total, Total: total}, config.Training{WarmupRatio: 1, LearningRate: 1}, "training.warmup_ratio is 1, but"},
		{"no steps", trainer.Schedule{}, config.Training{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			warnOfWarmup(test.schedule, test.training, &stderr)
			if (stderr.Len() > 0) != (test.want != "") || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("warning %q, want %q", stderr.String(), test.want)
			}
		})
	}
}
