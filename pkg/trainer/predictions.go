package trainer

import (
	"fmt"

	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// checkPredictions refuses predictions of an objective that aren't those of the batch:
// each task needs one, with a class or flag for each target of each head.
func checkPredictions(all []Prediction, b datasets.Batch, list []tasks.Task) error {
	if len(all) != len(b.Parts) {
		return fmt.Errorf("the model predicts %d tasks of a batch of %d", len(all), len(b.Parts))
	}
	for i, p := range all {
		if err := checkHeads(p.Predicted, b.Parts[i], list[i]); err != nil {
			return err
		}
		if list[i].Paired() {
			if err := checkHeads(p.Answers, b.Parts[i], list[i]); err != nil {
				return fmt.Errorf("answers that go together: %w", err)
			}
		}
	}
	return nil
}

func checkHeads(predicted [][]int, part datasets.Part, task tasks.Task) error {
	if len(predicted) != len(part.Targets) {
		return fmt.Errorf("the model has outputs for %d of the %d heads of task %q", len(predicted), len(part.Targets), task.Name)
	}
	for h, target := range part.Targets {
		if want := max(len(target.Classes), len(target.Flags)); len(predicted[h]) != want {
			return fmt.Errorf("head %q of task %q: the model predicts %d values for %d targets", task.Heads[h].Name, task.Name, len(predicted[h]), want)
		}
		if task.Kind == tasks.MaskedLM || task.YesNo() { // any token; yes or no
			continue
		}
		for _, class := range predicted[h] {
			if labels := len(task.Heads[h].Labels); class < 0 || class >= labels {
				return fmt.Errorf("head %q of task %q: the model predicts class %d, but there are %d labels", task.Heads[h].Name, task.Name, class, labels)
			}
		}
	}
	return nil
}
