package fusion

import (
	"errors"
	"slices"

	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Output is a model's output for a batch and one task. Each head has one row per
// example: [seq·labels], row-major and with padding, for a token task, and [labels] for
// the others.
type Output struct {
	Task          tasks.Task
	Logits        [][][]float32 // [heads][batch] rows, before softmax or sigmoid
	Probabilities [][][]float32 // after softmax or sigmoid; nil unless requested
	// Attention has the weights of the task's attention pooling: [batch][attentions] rows
	// of [seq], with the sum 1. It is nil unless requested, and for tasks without
	// attention pooling.
	Attention [][][]float32
}

// OutputOptions select what [Model.Outputs] computes besides logits, and how.
type OutputOptions struct {
	Precision     nn.Precision // of matrix products; "" is float32
	Probabilities bool
	Attention     bool
}

// Outputs runs the encoder on a batch once, without gradients or dropout, and the heads
// of these tasks on its hidden states. There is one output per task, in the same order.
func (m *Model) Outputs(b datasets.Batch, list []tasks.Task, o OutputOptions) ([]Output, error) {
	return outputsOf(m, b, list, o)
}

func outputsOf(m network, b datasets.Batch, list []tasks.Task, o OutputOptions) (all []Output, err error) {
	if b.Size == 0 {
		return nil, errors.New("run the model on a batch: there is no example in it")
	}
	s, err := m.Inference(o.Precision)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	hidden, mask := m.Hidden(s, b)
	return outputsIn(s, m, b.Size, hidden, mask, list, o), nil // Close returns the scope's error
}

// outputsIn returns a model's outputs for the hidden states of a batch of size examples.
func outputsIn(s *torchx.Scope, m network, size int, hidden, mask *ts.Tensor, list []tasks.Task, o OutputOptions) (all []Output) {
	for _, task := range list {
		out := Output{Task: task}
		for _, logits := range m.Logits(s, task.Name, hidden, mask) {
			out.Logits = append(out.Logits, rows(s, logits, size))
			if o.Probabilities {
				out.Probabilities = append(out.Probabilities, rows(s, probabilities(s, task, logits), size))
			}
		}
		if o.Attention {
			if weights := m.Attention(s, task.Name, hidden, mask); weights != nil {
				out.Attention = matrices(s, weights, size)
			}
		}
		all = append(all, out)
	}
	return all
}

// Answer returns the classes chosen for the heads of a multiclass task for example i of
// the batch; see [tasks.Task.Answer].
func (o Output) Answer(i int) []int {
	logits := make([][]float32, len(o.Logits))
	for h := range logits {
		logits[h] = o.Logits[h][i]
	}
	return o.Task.Answer(logits)
}

func probabilities(s *torchx.Scope, task tasks.Task, logits *ts.Tensor) *ts.Tensor {
	if task.YesNo() {
		return s.Sigmoid(logits)
	}
	return s.Softmax(logits, -1)
}

// matrices copies a tensor [n, rows, columns] for a batch of n examples. It is nil if the
// scope has an error.
func matrices(s *torchx.Scope, x *ts.Tensor, n int) [][][]float32 {
	shape := s.Shape(x)
	var list [][][]float32
	for _, row := range rows(s, x, n) {
		list = append(list, slices.Collect(slices.Chunk(row, int(shape[2]))))
	}
	return list
}

// rows copies a tensor for a batch of n examples. It is nil if the scope has an error.
func rows(s *torchx.Scope, x *ts.Tensor, n int) [][]float32 {
	values := s.ReadFloat32(x)
	if s.Err() != nil {
		return nil
	}
	return slices.Collect(slices.Chunk(values, len(values)/n))
}
