package run

import (
	"fmt"
	"io"

	"github.com/trident-nlp/trident/pkg/config"
)

// warnOfPooling warns of a pooling that the task doesn't use: the prototype's single-task
// models have heads of their own.
func warnOfPooling(c config.Config, stderr io.Writer) {
	usual := config.Default(c.Task).Pooling
	if c.Pooling == "" || c.Pooling == usual || len(c.Tasks) > 0 {
		return
	}
	switch c.Task {
	case config.TaskNER, config.TaskClassification, config.TaskQA:
		fmt.Fprintf(stderr, "train: warning: pooling: %s isn't used with task: %s, whose heads are the prototype's; for one task with it set task=multitask and a list of tasks (docs/tasks.md)\n",
			c.Pooling, c.Task)
	}
}
