package onnx

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/pkg/fusion"
)

// Keys of a graph's metadata.
const (
	MetaModel     = "trident.model"      // fusion.HashDir of the model's folder
	MetaPrecision = "trident.precision"  // fp32 or int8
	MetaMaxLength = "trident.max_length" // tokens of a text, at most
	MetaTasks     = "trident.tasks"      // the tasks and their heads, as in config.json
	MetaLabels    = "trident.label_maps" // label_maps.json: the labels of each logit
	MetaWindows   = "trident.windows"    // only of models that read long calls in windows: how they cut them; the graph reads one window
)

// metadata describes a model to programs that only have the graph.
func metadata(m *fusion.Model, o Options) ([]*onnxpb.StringStringEntryProto, error) {
	described, err := json.Marshal(m.Tasks)
	if err != nil {
		return nil, err
	}
	labels, err := m.LabelMaps()
	if err != nil {
		return nil, err
	}
	values := map[string]string{
		MetaPrecision: string(o.Precision),
		MetaMaxLength: strconv.FormatInt(m.Config.MaxPositions, 10),
		MetaTasks:     string(described),
		MetaLabels:    string(labels),
	}
	if o.ModelHash != "" {
		values[MetaModel] = o.ModelHash
	}
	if m.Windows.On() {
		windows, err := json.Marshal(m.Windows)
		if err != nil {
			return nil, err
		}
		values[MetaWindows] = string(windows)
	}
	var props []*onnxpb.StringStringEntryProto
	for _, key := range slices.Sorted(maps.Keys(values)) {
		props = append(props, &onnxpb.StringStringEntryProto{Key: proto.String(key), Value: proto.String(values[key])})
	}
	return props, nil
}
