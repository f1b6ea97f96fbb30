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
	attentions := task.Attentions()
	row := 0
	for h, head := range task.Heads {
		switch {
		case attentions == nil:
			logits = append(logits, g.linear(pooled, head.Param))
			continue
		case task.YesNo():
			logits = append(logits, g.eachOutput(pooled, head.Param, row, row+attentions[h]))
		default:
			vector := g.op("Gather", head.Param+"/vector", []string{pooled, g.int(fmt.Sprint(row), int64(row))}, intAttribute("axis", 1))
			logits = append(logits, g.linear(vector, head.Param))
		}
		row += attentions[h]
	}
	return logits
}

// eachOutput applies each row of a classifier to its output's vector: those from first up to
// end of vectors [batch, attentions, dim].
func (g *graph) eachOutput(vectors, prefix string, first, end int) string {
	ends := func(i int) string { return g.ints(fmt.Sprintf("at%d", i), int64(i)) }
	own := g.op("Slice", prefix+"/vectors", []string{vectors, ends(first), ends(end), g.ints("axis1", 1)})
	row := g.op("Unsqueeze", prefix+"/row", []string{own, g.ints("axis2", 2)})                               // [batch, outputs, 1, dim]
	column := g.op("Unsqueeze", prefix+"/column", []string{g.param(prefix + ".weight"), g.ints("axis2", 2)}) // [outputs, dim, 1]
	product := g.op("MatMul", prefix+"/product", []string{row, column})
	each := g.op("Squeeze", prefix+"/each", []string{product, g.ints("axes23", 2, 3)})
	return g.op("Add", prefix+"/sum", []string{each, g.param(prefix + ".bias")})
}

// pooled reduces hidden states to [batch, dim], or [batch, attentions, dim].
func (g *graph) pooled(task tasks.Task, hidden string) string {
	switch task.Pooling {
	case tasks.AttentionPooling:
		sum := g.attentionPooled(hidden, task.PoolParam)
		return g.op("Squeeze", task.PoolParam+"/pooled", []string{sum, g.ints("axis1", 1)})
	case tasks.LabelAttentionPooling:
		return g.attentionPooled(hidden, task.PoolParam)
	case tasks.CLSPooling:
		return g.op("Gather", task.Name+"/first_token", []string{hidden, g.int("0", 0)}, intAttribute("axis", 1))
	}
	if g.err == nil {
		g.err = fmt.Errorf("task %s: pooling %q can't be exported", task.Name, task.Pooling)
	}
	return hidden
}

// attentionPooled are sums of the hidden states, each weighted by a softmax over the real
// tokens of a linear score: [batch, attentions, dim].
func (g *graph) attentionPooled(hidden, prefix string) string {
	scores := g.linear(hidden, prefix) // [batch, seq, attentions]
	if !g.names["padding"] {
		mask := g.op("Unsqueeze", "padding/mask", []string{AttentionMask, g.ints("axis2", 2)})
		g.op("Not", "padding", []string{g.cast("padding/tokens", mask, onnxpb.TensorProto_BOOL)})
	}
	scores = g.op("Where", prefix+"/masked", []string{"padding", g.float("lowest", lowest), scores})
	weights := g.op("Softmax", prefix+"/weights", []string{scores}, intAttribute("axis", 1))
	rows := g.op("Transpose", prefix+"/row", []string{weights}, intsAttribute("perm", 0, 2, 1)) // [batch, attentions, seq]
	return g.op("MatMul", prefix+"/sum", []string{rows, hidden})
}
