package onnx

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/internal/outfile"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
)

// Options are the choices in an export.
type Options struct {
	// Precision is nn.FP32, also if it is "", or nn.INT8: the encoder's linear layers in
	// 8-bit integers, as in Trident's own inference.
	Precision nn.Precision
	ModelHash string // for the metadata: fusion.HashDir of the model's folder; "" leaves it out
}

// Written is the result of an export.
type Written struct {
	Files   []string         // the graph's, then those of its weights and of its heads if it has these
	Bytes   int64            // of all files
	Outputs []string         // names of the logits
	Windows datasets.Windows // how the model reads long calls: the graph reads one window, and that of the heads answers for all; zero: truncated
}

// largestFile is the size of a protobuf file that all libraries can read, with room for
// everything but the weights.
const largestFile = 2<<30 - 64<<20

// dataSuffix is appended to the graph's name for the file of its weights, as by Optimum.
const dataSuffix = "_data"

// headsPath is the file of a graph's heads: model_heads.onnx beside model.onnx.
func headsPath(graph string) string {
	ext := filepath.Ext(graph)
	return strings.TrimSuffix(graph, ext) + "_heads" + ext
}

// Write writes a model's graph to a file. If the weights have more than about 2 GB, which
// protobuf can't hold, they are in a second file beside it, whose name ends in "_data". Of
// a model that reads long calls in windows there is a graph of the heads, too, named as
// [HeadsFile]. Each file appears whole or not at all; those of an earlier graph that this
// one hasn't are removed.
func Write(path string, m *fusion.Model, o Options) (Written, error) {
	written, err := write(path, m, o, largestFile)
	if err != nil {
		return written, fmt.Errorf("write %s: %w", path, err)
	}
	return written, nil
}

func write(path string, m *fusion.Model, o Options, largest int64) (Written, error) {
	o.Precision = cmp.Or(o.Precision, nn.FP32)
	if o.Precision != nn.FP32 && o.Precision != nn.INT8 {
		return Written{}, fmt.Errorf("precision %q: want %s or %s", o.Precision, nn.FP32, nn.INT8)
	}
	if err := checkRegular(path); err != nil {
		return Written{}, err
	}
	stale := companions(path)
	model, err := modelOf(m, o.Precision)
	if err != nil {
		return Written{}, err
	}
	if model.MetadataProps, err = metadata(m, o); err != nil {
		return Written{}, err
	}
	w := Written{Files: []string{path}, Windows: m.Windows}
	for _, output := range model.Graph.Output {
		w.Outputs = append(w.Outputs, output.GetName())
	}
	var size int64
	for _, t := range model.Graph.Initializer {
		size += int64(len(t.RawData))
	}
	if size > largest { // the weights first: the graph is of no use without them
		err = w.add(path+dataSuffix, func(to io.Writer) (int64, error) { return moveOut(model.Graph, filepath.Base(path)+dataSuffix, to) })
	}
	if err == nil && m.Windows.On() {
		var heads *onnxpb.ModelProto
		if heads, err = headsOf(m); err == nil {
			heads.MetadataProps = model.MetadataProps
			err = w.addGraph(headsPath(path), heads)
		}
	}
	if err != nil {
		return Written{}, err
	}
	graph := Written{}
	if err := graph.addGraph(path, model); err != nil {
		return Written{}, err
	}
	w.Bytes += graph.Bytes
	return w, removeOthers(stale, w.Files)
}

// add writes one more file.
func (w *Written) add(path string, content func(io.Writer) (int64, error)) error {
	n, err := writeFile(path, content)
	w.Files, w.Bytes = append(w.Files, path), w.Bytes+n
	return err
}

func (w *Written) addGraph(path string, model *onnxpb.ModelProto) error {
	graph, err := proto.MarshalOptions{Deterministic: true}.Marshal(model)
	if err != nil {
		return err
	}
	return w.add(path, func(to io.Writer) (int64, error) { n, err := to.Write(graph); return int64(n), err })
}

func writeFile(path string, content func(io.Writer) (int64, error)) (n int64, err error) {
	file, err := outfile.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Discard()
	if n, err = content(file); err != nil {
		return 0, err
	}
	return n, file.Commit()
}

// alignment of tensors in the file of weights, so that runtimes can map them into memory.
const alignment = 4096

// smallest is the size of a constant that is moved out: shapes and scalars stay in the
// graph, where runtimes look for them.
const smallest = 1024

// moveOut writes the graph's weights to another file, called name.
func moveOut(g *onnxpb.GraphProto, name string, to io.Writer) (offset int64, err error) {
	for _, t := range g.Initializer {
		if len(t.RawData) < smallest {
			continue
		}
		padding := (alignment - offset%alignment) % alignment
		if _, err := to.Write(make([]byte, padding)); err != nil {
			return offset, err
		}
		offset += padding
		if _, err := to.Write(t.RawData); err != nil {
			return offset, err
		}
		t.DataLocation = onnxpb.TensorProto_EXTERNAL.Enum()
		for _, entry := range [][2]string{
			{"location", name}, {"offset", strconv.FormatInt(offset, 10)}, {"length", strconv.Itoa(len(t.RawData))},
		} {
			t.ExternalData = append(t.ExternalData, &onnxpb.StringStringEntryProto{Key: proto.String(entry[0]), Value: proto.String(entry[1])})
		}
		offset += int64(len(t.RawData))
		t.RawData = nil
	}
	return offset, nil
}
