package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/internal/weights"
)

// graph collects the nodes and constants of an ONNX graph. Each node has one output, whose
// name is the node's too. Like torchx.Scope it keeps its first error.
type graph struct {
	params       map[string]weights.Tensor // the model's, by name
	inputs       []*onnxpb.ValueInfoProto
	nodes        []*onnxpb.NodeProto
	initializers []*onnxpb.TensorProto
	names        map[string]bool // of inputs, nodes and initializers
	err          error
}

func newGraph(params []weights.Tensor, inputs ...*onnxpb.ValueInfoProto) *graph {
	g := &graph{params: map[string]weights.Tensor{}, names: map[string]bool{}, inputs: inputs}
	for _, input := range inputs {
		g.names[input.GetName()] = true
	}
	for _, p := range params {
		g.params[p.Name] = p
	}
	return g
}

// op adds a node and returns the name of its output.
func (g *graph) op(kind, name string, inputs []string, attributes ...*onnxpb.AttributeProto) string {
	g.take(name)
	g.nodes = append(g.nodes, &onnxpb.NodeProto{
		OpType: proto.String(kind), Name: proto.String(name), Input: inputs, Output: []string{name}, Attribute: attributes,
	})
	return name
}

// take fails if there is already a value of that name.
func (g *graph) take(name string) {
	if g.names[name] && g.err == nil {
		g.err = fmt.Errorf("two values are called %q: rename the task or the head", name)
	}
	g.names[name] = true
}

// rename gives the output of a node that no other node uses another name.
func (g *graph) rename(from, to string) {
	g.take(to)
	for _, node := range slices.Backward(g.nodes) {
		if node.Output[0] == from {
			node.Output[0] = to
			return
		}
	}
}

// param adds a parameter of the model, unless it is there, and returns its name.
func (g *graph) param(name string) string {
	t, found := g.params[name]
	if !found && g.err == nil {
		g.err = fmt.Errorf("the model has no parameter %s", name)
	}
	return g.constant(name, onnxpb.TensorProto_FLOAT, t.Shape, t.Data)
}

// constant adds a tensor, unless there is one of that name, and returns its name. data is
// row-major and little-endian.
func (g *graph) constant(name string, kind onnxpb.TensorProto_DataType, shape []int64, data []byte) string {
	if g.names[name] {
		return name
	}
	g.take(name)
	g.initializers = append(g.initializers, &onnxpb.TensorProto{
		Name: proto.String(name), DataType: proto.Int32(int32(kind)), Dims: shape, RawData: data,
	})
	return name
}

// ints adds a list of int64.
func (g *graph) ints(name string, values ...int64) string {
	return g.constant(name, onnxpb.TensorProto_INT64, []int64{int64(len(values))}, int64s(values))
}

// int adds an int64 scalar.
func (g *graph) int(name string, value int64) string {
	return g.constant(name, onnxpb.TensorProto_INT64, nil, int64s([]int64{value}))
}

// float adds a float32 scalar.
func (g *graph) float(name string, value float64) string {
	return g.constant(name, onnxpb.TensorProto_FLOAT, nil, float32s([]float32{float32(value)}))
}

func int64s(values []int64) []byte {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, uint64(v))
	}
	return data
}

func float32s(values []float32) []byte {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

func intAttribute(name string, value int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(value)}
}

func intsAttribute(name string, values ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: values}
}

func floatAttribute(name string, value float64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: proto.Float32(float32(value))}
}

// cast converts x to another type of elements.
func (g *graph) cast(name, x string, kind onnxpb.TensorProto_DataType) string {
	return g.op("Cast", name, []string{x}, intAttribute("to", int64(kind)))
}

// linear is torchx.Linear with the parameters prefix.weight [out, in] and prefix.bias,
// which is optional, on x [..., in]. The runtime transposes the weights once, when it
// loads the graph, so the file has the checkpoint's.
func (g *graph) linear(x, prefix string) string {
	weight := g.op("Transpose", prefix+"/weight", []string{g.param(prefix + ".weight")}, intsAttribute("perm", 1, 0))
	product := g.op("MatMul", prefix+"/product", []string{x, weight})
	if _, found := g.params[prefix+".bias"]; !found {
		return product
	}
	return g.op("Add", prefix+"/sum", []string{product, g.param(prefix + ".bias")})
}

// layerNorm is torchx.LayerNorm.
func (g *graph) layerNorm(x, prefix string, eps float64) string {
	return g.op("LayerNormalization", prefix+"/norm", []string{x, g.param(prefix + ".weight"), g.param(prefix + ".bias")},
		intAttribute("axis", -1), floatAttribute("epsilon", eps))
}

// gelu is the exact form, x · Φ(x), in the operations of PyTorch's exporter, which runtimes
// recognise: ONNX has had an operator for it since opset 20 only.
func (g *graph) gelu(x, prefix string) string {
	scaled := g.op("Div", prefix+"/gelu/scaled", []string{x, g.float("sqrt2", math.Sqrt2)})
	erf := g.op("Erf", prefix+"/gelu/erf", []string{scaled})
	plus := g.op("Add", prefix+"/gelu/plus", []string{erf, g.float("one", 1)})
	product := g.op("Mul", prefix+"/gelu/product", []string{x, plus})
	return g.op("Mul", prefix+"/gelu", []string{product, g.float("half", 0.5)})
}

// geluTanh is GELU's approximation by the hyperbolic tangent, Hugging Face's gelu_new.
func (g *graph) geluTanh(x, prefix string) string {
	cube := g.op("Pow", prefix+"/gelu/cube", []string{x, g.float("three", 3)})
	small := g.op("Mul", prefix+"/gelu/small", []string{cube, g.float("gelu_cubic", 0.044715)})
	sum := g.op("Add", prefix+"/gelu/sum", []string{x, small})
	scaled := g.op("Mul", prefix+"/gelu/scaled", []string{sum, g.float("sqrt_2_by_pi", math.Sqrt(2/math.Pi))})
	tanh := g.op("Tanh", prefix+"/gelu/tanh", []string{scaled})
	plus := g.op("Add", prefix+"/gelu/plus", []string{tanh, g.float("one", 1)})
	half := g.op("Mul", prefix+"/gelu/half", []string{x, g.float("half", 0.5)})
	return g.op("Mul", prefix+"/gelu", []string{half, plus})
}
