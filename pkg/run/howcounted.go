package run

import (
	"strings"

	"github.com/trident-nlp/trident/pkg/config"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// howCounted explains why the table's figures differ from those printed for each epoch;
// best is training.metric_for_best_model. trainer.Scores has both kinds of figures.
func howCounted(best string, list []tasks.Task) string {
	var others []string // figures that differ in more than the mean over batches
	for _, task := range list {
		title := strings.ToUpper(task.Name) + ": "
		switch {
		case task.Kind == tasks.MaskedLM:
			return "  Over all masked tokens, as in the epochs' lines."
		case task.Kind == tasks.Token:
			others = append(others, title+"macro F1 of tokens")
		case task.Paired():
			others = append(others, title+"each head's own label")
		}
	}
	text := "  Over all records. The epochs' lines are batch means"
	if best == config.BestAvg {
		text = "  Over all records. The epochs' lines, which choose the best, are batch means"
	}
	if len(others) > 0 {
		text += " (" + strings.Join(others, "; ") + ")"
	}
	return text + "."
}
