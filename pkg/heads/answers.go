package heads

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Answers returns for each row of a batch the classes chosen for the heads of a
// multiclass task; see [tasks.Task.Answer]. logits is the output of [Head.Logits],
// [batch, labels] each. It is nil after an error of s.
func Answers(s *nn.Scope, task tasks.Task, logits []*ts.Tensor) [][]int {
	values := make([][]float32, len(logits)) // by head, [batch·labels]
	for h, x := range logits {
		values[h] = s.ReadFloat32(x)
	}
	if s.Err() != nil {
		return nil
	}
	row := make([][]float32, len(logits))
	answers := make([][]int, len(values[0])/len(task.Heads[0].Labels))
	for i := range answers {
		for h, head := range task.Heads {
			row[h] = values[h][i*len(head.Labels) : (i+1)*len(head.Labels)]
		}
		answers[i] = task.Answer(row)
	}
	return answers
}
