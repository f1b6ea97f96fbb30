package onnx

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/trident-nlp/trident/internal/onnxpb"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// Keys of a graph's metadata.
const (
	MetaModel     = "trident.model"      // fusion.HashDir of the model's folder
	MetaPrecision = "trident.precision"  // fp32 or int8
	MetaMaxLength = "trident.max_length" // tokens of a text, at most
	MetaTasks     = "trident.tasks"      // JSON: a list of [TaskInfo]
	MetaLongest   = "trident.longest"    // tokens of the longest text that the model learnt from, if known
	MetaWindows   = "trident.windows"    // only of models that read long calls in windows: how they cut them; the graph reads one window, see [HeadsFile]
)

// TaskInfo describes a task to programs that only have the graph.
type TaskInfo struct {
	Name    string     `json:"name"`
	Kind    tasks.Kind `json:"kind"`
	BuiltIn bool       `json:"built_in"` // its predictions have the prototype's layout (tasks.BuiltIn)
	Heads   []HeadInfo `json:"heads"`
}

// HeadInfo describes a head.
type HeadInfo struct {
	Name    string         `json:"name"`
	Field   string         `json:"field"`             // in predictions
	Output  string         `json:"output"`            // of the graph: its logits
	Labels  []string       `json:"labels"`            // of each logit
	Follows *tasks.Follows `json:"follows,omitempty"` // the head that determines this one's label
}

// describe returns the tasks of a model.
func describe(a fusion.Architecture) (list []TaskInfo) {
	for _, task := range a.Tasks {
		info := TaskInfo{Name: task.Name, Kind: task.Kind, BuiltIn: tasks.BuiltIn(task)}
		for _, h := range task.Heads {
			info.Heads = append(info.Heads, HeadInfo{h.Name, h.Field, OutputName(a, task, h), h.Labels, h.Follows})
		}
		list = append(list, info)
	}
	return list
}

// metadata describes a model to programs that only have the graph.
func metadata(m *fusion.Model, o Options) ([]*onnxpb.StringStringEntryProto, error) {
	described, err := json.Marshal(describe(m.Architecture))
	if err != nil {
		return nil, err
	}
	values := map[string]string{
		MetaPrecision: string(o.Precision),
		MetaMaxLength: strconv.FormatInt(m.Config.MaxPositions, 10),
		MetaTasks:     string(described),
	}
	if o.ModelHash != "" {
		values[MetaModel] = o.ModelHash
	}
	if m.Longest > 0 {
		values[MetaLongest] = strconv.Itoa(m.Longest)
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
