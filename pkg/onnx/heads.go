package onnx

import (
	"fmt"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// heads adds a task's heads to a graph. It returns the logits in the order of the heads:
// [batch, seq, labels] for a token task, [batch, labels] for the others.
func (g *graph) heads(task tasks.Task, hidden string) (logits []string) {
	if task.PerToken() {
		if task.Transform != "" {
			hidden = g.gelu(g.linear(hidden, task.Transform), task.Transform)
		}
		return []string{g.linear(hidden, task.Heads[0].Param)}
	}
	pooled := g.pooled(task, hidden)
	if task.PreParam != "" {
		pooled = g.op("Relu", task.PreParam+"/relu", []string{g.linear(pooled, task.PreParam)})
	}
	for _, head := range task.Heads {
		logits = append(logits, g.linear(pooled, head.Param))
	}
	return logits
}

// pooled reduces hidden states to [batch, dim].
func (g *graph) pooled(task tasks.Task, hidden string) string {
	switch task.Pooling {
	case tasks.AttentionPooling:
		return g.attentionPooled(hidden, task.PoolParam)
	case tasks.CLSPooling:
		return g.op("Gather", task.Name+"/first_token", []string{hidden, g.int("0", 0)}, intAttribute("axis", 1))
	}
	if g.err == nil {
		g.err = fmt.Errorf("task %s: pooling %q can't be exported", task.Name, task.Pooling)
	}
	return hidden
}

// attentionPooled is the sum of the hidden states, weighted by a softmax over the real
// tokens of a linear score.
func (g *graph) attentionPooled(hidden, prefix string) string {
	scores := g.linear(hidden, prefix) // [batch, seq, 1]
	if !g.names["padding"] {
		mask := g.op("Unsqueeze", "padding/mask", []string{AttentionMask, g.ints("axis2", 2)})
		g.op("Not", "padding", []string{g.cast("padding/tokens", mask, onnxpb.TensorProto_BOOL)})
	}
	scores = g.op("Where", prefix+"/masked", []string{"padding", g.float("lowest", lowest), scores})
	weights := g.op("Softmax", prefix+"/weights", []string{scores}, intAttribute("axis", 1))
	row := g.op("Transpose", prefix+"/row", []string{weights}, intsAttribute("perm", 0, 2, 1)) // [batch, 1, seq]
	sum := g.op("MatMul", prefix+"/sum", []string{row, hidden})
	return g.op("Squeeze", prefix+"/pooled", []string{sum, g.ints("axis1", 1)})
}
