package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/internal/weights"
)

// Suffixes of the names of a quantized weight's two constants.
const (
	quantizedSuffix = "_quantized" // int8 [in, out]
	scaleSuffix     = "_scale"     // float32 [out]
)

// mostInt8 is the largest magnitude of a quantized weight.
const mostInt8 = 127

// int8Linear is linear in 8-bit integers, as torchx.Scope.Int8 computes it: weights are
// rounded here, each output with its own scale, and inputs in the graph, each token with
// its own. So a call's logits don't depend on the rest of the batch, and are more exact
// than with DynamicQuantizeLinear, which has one scale for all of it.
func (g *graph) int8Linear(x, prefix string) string {
	weight, scale := g.quantized(prefix + ".weight")
	input, inputScale := g.roundedRows(x)
	product := g.op("MatMulInteger", prefix+"/integers", []string{input, weight, g.zeroPoint()})
	scaled := g.op("DequantizeLinear", prefix+"/scaled", []string{product, scale}, intAttribute("axis", -1))
	product = g.op("Mul", prefix+"/product", []string{scaled, inputScale})
	return g.op("Add", prefix+"/sum", []string{product, g.param(prefix + ".bias")})
}

// zeroPoint is 0 in the rounded inputs: MatMulInteger is fastest with unsigned inputs and
// signed weights.
func (g *graph) zeroPoint() string {
	return g.constant("zero_point", onnxpb.TensorProto_UINT8, nil, []byte{128})
}

// roundedRows rounds x [batch, seq, in] to 8 bits, unless that is in the graph already.
// The scales are [batch, seq, 1].
func (g *graph) roundedRows(x string) (values, scale string) {
	values, scale = x+"/uint8", x+"/row_scale"
	if !g.names[values] {
		most := g.op("ReduceMax", x+"/most", []string{g.op("Abs", x+"/magnitudes", []string{x})}, intsAttribute("axes", -1), intAttribute("keepdims", 1))
		most = g.op("Max", x+"/positive", []string{most, g.float("tiny", 1e-30)})
		g.op("Mul", scale, []string{most, g.float("most_int8", 1.0/mostInt8)})
		whole := g.op("Div", x+"/unrounded", []string{x, scale})
		g.op("QuantizeLinear", values, []string{whole, g.float("one", 1), g.zeroPoint()})
	}
	return values, scale
}

// quantized adds a weight in 8-bit integers and its scales.
func (g *graph) quantized(name string) (values, scales string) {
	t, found := g.params[name]
	if (!found || len(t.Shape) != 2) && g.err == nil {
		g.err = fmt.Errorf("the model has no matrix %s", name)
	}
	if g.err != nil {
		return name, name
	}
	rounded, scale := roundRows(t)
	out, in := t.Shape[0], t.Shape[1]
	return g.constant(name+quantizedSuffix, onnxpb.TensorProto_INT8, []int64{in, out}, rounded),
		g.constant(name+scaleSuffix, onnxpb.TensorProto_FLOAT, []int64{out}, float32s(scale))
}

// roundRows rounds a matrix [out, in] to integers [in, out] times a scale for each output.
func roundRows(t weights.Tensor) (rounded []byte, scales []float32) {
	out, in := int(t.Shape[0]), int(t.Shape[1])
	rounded, scales = make([]byte, out*in), make([]float32, out)
	row := make([]float32, in)
	for o := range out {
		var most float32
		for i := range row {
			row[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*(o*in+i):]))
			most = max(most, float32(math.Abs(float64(row[i]))))
		}
		if most == 0 {
			scales[o] = 1
			continue
		}
		scales[o] = most / mostInt8
		for i, w := range row {
			rounded[i*out+o] = byte(int8(math.RoundToEven(float64(w / most * mostInt8))))
		}
	}
	return rounded, scales
}
