package onnx

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Versions of the format: those of ONNX 1.12 (2022).
const (
	opset     = 17
	irVersion = 8
	producer  = "trident"
)

// Names of the axes of inputs and outputs.
const (
	batchAxis    = "batch_size"
	sequenceAxis = "sequence_length"
)

// LogitsOutput is the output of a model that Hugging Face's token classifiers can read,
// named as Optimum requires.
const LogitsOutput = "logits"

// HiddenOutput is the output of a model that reads long calls in windows with the hidden
// states of its last layer, [batch_size, sequence_length, dim], and the input of the graph
// of its heads ([HeadsFile]), which answers a call by those of all its windows.
const HiddenOutput = "last_hidden_state"

// modelOf returns the graph of a model, with its parameters.
func modelOf(m *fusion.Model, precision nn.Precision) (*onnxpb.ModelProto, error) {
	tensors, err := checkpoint.Tensors(m.Params().All())
	if err != nil {
		return nil, err
	}
	g := newGraph(tensors, value(InputIDs, onnxpb.TensorProto_INT64, batchAxis, sequenceAxis), value(AttentionMask, onnxpb.TensorProto_INT64, batchAxis, sequenceAxis))
	e := encoder{graph: g, config: m.Config, parts: m.Config.PartNames(), prefix: m.EncoderName + ".", linear: g.linear}
	if precision == nn.INT8 {
		e.linear = g.int8Linear
	}
	hidden := e.forward()
	outputs := g.outputs(m.Architecture, hidden)
	if m.Windows.On() {
		g.op("Identity", HiddenOutput, []string{hidden})
		outputs = append(outputs, hiddenStates(m))
	}
	return g.model(outputs)
}

// headsOf returns the graph of a model's heads.
func headsOf(m *fusion.Model) (*onnxpb.ModelProto, error) {
	tensors, err := checkpoint.Tensors(m.Params().All())
	if err != nil {
		return nil, err
	}
	g := newGraph(tensors, hiddenStates(m), value(AttentionMask, onnxpb.TensorProto_INT64, batchAxis, sequenceAxis))
	return g.model(g.outputs(m.Architecture, HiddenOutput))
}

// hiddenStates describes the encoder's output.
func hiddenStates(m *fusion.Model) *onnxpb.ValueInfoProto {
	return value(HiddenOutput, onnxpb.TensorProto_FLOAT, batchAxis, sequenceAxis, strconv.FormatInt(m.Config.Dim, 10))
}

// model returns the finished graph.
func (g *graph) model(outputs []*onnxpb.ValueInfoProto) (*onnxpb.ModelProto, error) {
	if g.err != nil {
		return nil, g.err
	}
	return &onnxpb.ModelProto{
		IrVersion:    proto.Int64(irVersion),
		ProducerName: proto.String(producer),
		OpsetImport:  []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(opset)}},
		Graph: &onnxpb.GraphProto{
			Name: proto.String("trident"), Node: g.nodes, Initializer: g.initializers, Input: g.inputs, Output: outputs,
		},
	}, nil
}

// outputs adds the heads of all tasks, and describes their logits.
func (g *graph) outputs(a fusion.Architecture, hidden string) (list []*onnxpb.ValueInfoProto) {
	for _, task := range a.Tasks {
		for h, logits := range g.heads(task, hidden) {
			name := OutputName(a, task, task.Heads[h])
			g.rename(logits, name)
			list = append(list, value(name, onnxpb.TensorProto_FLOAT, outputAxes(task, task.Heads[h])...))
		}
	}
	return list
}

// OutputName is the name of the output with the logits of a task's head: "cls.main", or
// [LogitsOutput].
func OutputName(a fusion.Architecture, task tasks.Task, head tasks.Head) string {
	if a.IsTokenClassifier() {
		return LogitsOutput
	}
	return task.Name + "." + head.Name
}

// value describes an input or output; an axis is a name or a number.
func value(name string, kind onnxpb.TensorProto_DataType, axes ...string) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for _, axis := range axes {
		d := &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: axis}}
		if n, err := strconv.ParseInt(axis, 10, 64); err == nil {
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: n}
		}
		shape.Dim = append(shape.Dim, d)
	}
	return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(kind)), Shape: shape},
	}}}
}

func outputAxes(task tasks.Task, head tasks.Head) []string {
	labels := strconv.Itoa(len(head.Labels))
	if task.PerToken() {
		return []string{batchAxis, sequenceAxis, labels}
	}
	return []string{batchAxis, labels}
}
