package trainer

import (
	"strings"
	"testing"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// spoiling changes a model's logits.
type spoiling struct {
	Model
	spoil func(s *torchx.Scope, logits []*ts.Tensor) []*ts.Tensor
}

func (m spoiling) Logits(s *torchx.Scope, task string, hidden, mask *ts.Tensor) []*ts.Tensor {
	return m.spoil(s, m.Model.Logits(s, task, hidden, mask))
}

// A model whose logits aren't those of its tasks is an error of the step and of the
// validation, which names the task.
func TestModelsWithoutTheirLogits(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(s *torchx.Scope, logits []*ts.Tensor) []*ts.Tensor
		want  string // "": nothing is wrong
	}{
		{"as they are", func(_ *torchx.Scope, logits []*ts.Tensor) []*ts.Tensor { return logits }, ""},
		{"none", func(*torchx.Scope, []*ts.Tensor) []*ts.Tensor { return nil },
			`logits for each of the 4 heads of task "cls"; it returned 0 tensors`},
		{"one head too few", func(_ *torchx.Scope, logits []*ts.Tensor) []*ts.Tensor { return logits[1:] },
			`heads of task "cls"; it returned 3 tensors`},
		{"nil", func(_ *torchx.Scope, logits []*ts.Tensor) []*ts.Tensor { return append(logits[1:], nil) },
			"or some that are nil"},
		{"one example too few", func(s *torchx.Scope, logits []*ts.Tensor) []*ts.Tensor {
			logits[3] = s.Take(logits[3], 0, s.Int64s([]int64{0, 1}, 2))
			return logits
		}, `logits of task "cls", head 4, have shape [2 2] for 5 targets`},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr, _ := toy(t, 1)
			tr.Train, tr.Val = tr.Train[1:2], tr.Val[1:2]
			tr.Model = spoiling{tr.Model, test.spoil}
			built := tr.build(t)
			_, evaluateErr := built.Evaluate(t.Context(), tr.Val)
			_, stepErr := built.Step(t.Context(), tr.Train[0].Ordered()[0].Batch(), StepOptions{Rate: 1e-3})
			for call, err := range map[string]error{"Evaluate": evaluateErr, "Step": stepErr} {
				if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: error %v, want %q", call, err, test.want)
				}
			}
		})
	}
}

// babbling is an objective with given predictions.
type babbling struct {
	multitask
	predictions func(b datasets.Batch) []Prediction
}

func (o babbling) Predict(_ *torchx.Scope, b datasets.Batch, _ []tasks.Task) []Prediction {
	return o.predictions(b)
}

func TestPredictionsThatArentTheBatchs(t *testing.T) {
	filled := func(n, class int) []int {
		list := make([]int, n)
		for i := range list {
			list[i] = class
		}
		return list
	}
	for _, test := range []struct {
		name        string
		predictions func(b datasets.Batch) []Prediction
		want        string
	}{
		{"none", func(datasets.Batch) []Prediction { return nil }, "predicts 0 tasks of a batch of 1"},
		{"no heads", func(datasets.Batch) []Prediction { return make([]Prediction, 1) }, `outputs for 0 of the 1 heads of task "ner"`},
		{"too few", func(datasets.Batch) []Prediction { return []Prediction{{Predicted: [][]int{{1}}}} }, `the model predicts 1 values for`},
		{"no such class", func(b datasets.Batch) []Prediction {
			return []Prediction{{Predicted: [][]int{filled(b.Size*b.Length, 3)}}}
		}, `the model predicts class 3, but there are 3 labels`},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr, _ := toy(t, 1)
			tr.Train, tr.Val = tr.Train[:1], tr.Val[:1]
			tr.Objective, tr.Model = babbling{multitask{Model: tr.Model}, test.predictions}, nil
			if _, err := tr.build(t).Evaluate(t.Context(), tr.Val); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
