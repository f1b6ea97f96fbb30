package onnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/sugarme/gotch"
	"golang.org/x/sys/cpu"

	"github.com/trident-nlp/trident/internal/filetest"
	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/tinymodel"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/datasets"
	"github.com/trident-nlp/trident/pkg/fusion"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// limit is the largest difference between a runtime's logits and ours.
const limit = 1e-4

const vocabulary = 500

func distilBERT(activation string) backbone.Config {
	return backbone.Config{
		VocabSize: vocabulary, MaxPositions: 512, Dim: 48, Layers: 3, Heads: 4, HiddenDim: 96, Activation: activation, InitRange: 0.1,
		ModelType: backbone.DistilBERT,
	}
}

func bert(activation string) backbone.Config {
	c := distilBERT(activation)
	c.ModelType, c.TypeVocabSize, c.LayerNormEps = backbone.BERT, 2, 1e-5
	return c
}

// architectures are all kinds of models.
func architectures(t *testing.T) map[string]fusion.Architecture {
	cases := tasks.CaseLabels{Main: []string{"a", "b"}, Sub: []string{"c", "d", "e"}, Intervention: []string{"f", "g"}, Priority: []string{"1", "2"}}
	windows := datasets.Windows{Length: 512, Overlap: 64}
	return map[string]fusion.Architecture{
		"fusion":           {Config: distilBERT("gelu"), Tasks: tinymodel.BuiltIn()},
		"bert":             {Config: bert("gelu"), Tasks: tinymodel.BuiltIn()},
		"bert gelu_new":    {Config: bert("gelu_new"), Tasks: tinymodel.BuiltIn()},
		"relu":             {Config: distilBERT("relu"), Tasks: tinymodel.BuiltIn()},
		"label attention":  {Config: distilBERT("gelu"), Tasks: byLabel(t)},
		"custom":           {Config: distilBERT("gelu"), Tasks: tinymodel.Custom(t)},
		"windows":          {Config: distilBERT("gelu"), Tasks: tinymodel.BuiltIn(), Windows: windows},
		"ner":              {Config: distilBERT("gelu"), EncoderName: "distilbert", Tasks: []tasks.Task{tasks.SingleNER(tasks.NERLabels())}},
		"bert ner":         {Config: bert("gelu"), Tasks: []tasks.Task{tasks.SingleNER(tasks.NERLabels())}},
		"cls of prototype": {Config: distilBERT("gelu"), EncoderName: "bert", Tasks: []tasks.Task{tasks.SingleCLS(cases)}},
		"qa of prototype":  {Config: distilBERT("gelu"), EncoderName: "bert", Tasks: []tasks.Task{tasks.SingleQA()}},
	}
}

// byLabel are the built-in tasks, and a custom one with a linear layer before its heads, with
// an attention for each label.
func byLabel(t *testing.T) []tasks.Task {
	t.Helper()
	mood, err := tasks.Custom{
		Name: "mood", Kind: tasks.MultiLabel, Pooling: tasks.LabelAttentionPooling, PreClassifier: true,
		Heads: []tasks.Head{{Name: "caller", Labels: []string{"calm", "upset"}}},
	}.Task()
	if err != nil {
		t.Fatal(err)
	}
	return append(tinymodel.ByLabel(t), mood)
}

func newModel(t *testing.T, a fusion.Architecture) *fusion.Model {
	t.Helper()
	if err := torchx.Seed(5); err != nil {
		t.Fatal(err)
	}
	m, err := fusion.New(a, gotch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Drop)
	return m
}

// batches are texts of one token up to 512, alone and together.
func batches() (list []datasets.Batch) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, lengths := range [][]int{{1}, {2}, {3}, {17}, {128}, {511}, {512}, {5, 1, 9}, {40, 512, 2, 300}} {
		b := datasets.Batch{Size: len(lengths), Length: slices.Max(lengths)}
		for _, length := range lengths {
			for i := range b.Length {
				id := int64(0)
				if i < length {
					id = 1 + rng.Int64N(vocabulary-1)
				}
				b.IDs, b.Mask = append(b.IDs, id), append(b.Mask, i < length)
			}
		}
		list = append(list, b)
	}
	return list
}

// inputs are the graph's inputs for batches.
func inputs(list []datasets.Batch) (tensors []weights.Tensor) {
	for n, b := range list {
		shape := []int64{int64(b.Size), int64(b.Length)}
		mask := make([]int64, len(b.Mask))
		for i, token := range b.Mask {
			if token {
				mask[i] = 1
			}
		}
		for name, values := range map[string][]int64{InputIDs: b.IDs, AttentionMask: mask} {
			tensors = append(tensors, weights.Tensor{Name: fmt.Sprintf("%d.%s", n, name), DType: weights.I64, Shape: shape, Data: int64s(values)})
		}
	}
	return tensors
}

// runs are what Python says of graphs, by name.
type runs struct {
	said   map[string]described
	logits goldentest.File
	list   []datasets.Batch
}

type described struct {
	Opset        int                `json:"opset"`
	Inputs       map[string][]any   `json:"inputs"`
	Outputs      map[string][]any   `json:"outputs"`
	Metadata     map[string]string  `json:"metadata"`
	Initializers map[string][]int64 `json:"initializers"`
}

// runInPython checks all graphs in a folder and runs them in ONNX Runtime and OpenVINO.
func runInPython(t *testing.T, dir string) (r runs) {
	t.Helper()
	r.list = batches()
	var data, stderr bytes.Buffer
	if err := weights.WriteSafetensors(&data, inputs(r.list), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "inputs.safetensors"), data.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filetest.Python(t), filepath.Join("testdata", "run.py"), dir)
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("run graphs in Python: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(said, &r.said); err != nil {
		t.Fatalf("%v in %s", err, said)
	}
	r.logits = goldentest.Open(t, filepath.Join(dir, "outputs.safetensors"))
	return r
}

// deviation is the largest difference between a runtime's logits for a graph and the
// model's on real tokens, and the largest of the model's.
func (r runs) deviation(t *testing.T, graph, runtime string, m *fusion.Model, precision nn.Precision) (most, largest float64) {
	t.Helper()
	for n, b := range r.list {
		outputs, err := m.Outputs(b, m.Tasks, fusion.OutputOptions{Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range outputs {
			for h, head := range out.Task.Heads {
				all := r.logits.Float32s(fmt.Sprintf("%s/%s/%d/%s", graph, runtime, n, OutputName(m.Architecture, out.Task, head)))
				got := slices.Collect(slices.Chunk(all, len(out.Logits[h][0])))
				for i, want := range out.Logits[h] {
					length := len(want)
					if out.Task.PerToken() {
						length = tokensIn(b, i) * len(head.Labels)
					}
					most = max(most, goldentest.Compare(got[i][:length], want[:length]).Max)
					largest = max(largest, goldentest.MaxAbs(want[:length]))
				}
			}
		}
	}
	return most, largest
}

// tokensIn is the number of tokens of a batch's text.
func tokensIn(b datasets.Batch, i int) (n int) {
	for _, token := range b.Mask[i*b.Length : (i+1)*b.Length] {
		if token {
			n++
		}
	}
	return n
}

// precisions are those that a model is tested in: the layers that int8 is about are the
// same in many.
func precisions(model string) []nn.Precision {
	if model == "fusion" || model == "bert" {
		return []nn.Precision{nn.FP32, nn.INT8}
	}
	return []nn.Precision{nn.FP32}
}

var runtimes = []string{"onnxruntime", "openvino"}

// Both runtimes give our logits, for all kinds of models, texts of all lengths, and padded
// batches. In 8 bits they round like our own inference, up to numbers in the middle between
// two integers.
func TestLogits(t *testing.T) {
	dir := t.TempDir()
	models := map[string]*fusion.Model{}
	for name, a := range architectures(t) {
		m := newModel(t, a)
		models[name] = m
		for _, precision := range precisions(name) {
			if _, err := Write(filepath.Join(dir, name+" "+string(precision)+".onnx"), m, Options{Precision: precision}); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := runInPython(t, dir)
	for name, m := range models {
		t.Run(name, func(t *testing.T) {
			for _, precision := range precisions(name) {
				graph := name + " " + string(precision)
				r.said[graph].check(t, m, string(precision))
				for _, runtime := range runtimes {
					most, largest := r.deviation(t, graph, runtime, m, precision)
					want := limit
					if precision == nn.INT8 {
						want = 0.02 * largest
					}
					if precision == nn.INT8 && runtime == "onnxruntime" && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI {
						continue // its sums of 8-bit products saturate there
					}
					t.Logf("%s, %s: logits up to %.2g differ by %.2g", runtime, precision, largest, most)
					if most > want {
						t.Errorf("%s, %s: logits differ by %g, want at most %g", runtime, precision, most, want)
					}
				}
			}
		})
	}
}

// check checks names, shapes and metadata.
func (d described) check(t *testing.T, m *fusion.Model, precision string) {
	t.Helper()
	if d.Opset != opset {
		t.Errorf("opset %d, want %d", d.Opset, opset)
	}
	axes := []any{"batch_size", "sequence_length"}
	if want := map[string][]any{"input_ids": axes, "attention_mask": axes}; !reflect.DeepEqual(d.Inputs, want) {
		t.Errorf("inputs %v, want %v", d.Inputs, want)
	}
	want := map[string][]any{}
	for _, task := range m.Tasks {
		for _, head := range task.Heads {
			labels, name := float64(len(head.Labels)), task.Name+"."+head.Name
			if m.IsTokenClassifier() {
				name = "logits"
			}
			want[name] = []any{"batch_size", labels}
			if task.PerToken() {
				want[name] = append(slices.Clone(axes), labels)
			}
		}
	}
	if m.Windows.On() {
		want[HiddenOutput] = append(slices.Clone(axes), float64(m.Config.Dim))
	}
	if !reflect.DeepEqual(d.Outputs, want) {
		t.Errorf("outputs %v, want %v", d.Outputs, want)
	}
	for _, p := range m.Params().All() {
		shape, err := p.Tensor.Size()
		if err != nil {
			t.Fatal(err)
		}
		if _, rounded := d.Initializers[p.Name+quantizedSuffix]; !rounded && !slices.Equal(d.Initializers[p.Name], shape) {
			t.Errorf("parameter %s %v has the shape %v in the graph", p.Name, shape, d.Initializers[p.Name])
		}
	}
	if _, said := d.Metadata[MetaWindows]; said != m.Windows.On() {
		t.Errorf("metadata %v of windows %v", d.Metadata, m.Windows)
	}
	var list []TaskInfo
	if err := json.Unmarshal([]byte(d.Metadata[MetaTasks]), &list); err != nil || !reflect.DeepEqual(list, describe(m.Architecture)) {
		t.Errorf("metadata says of the tasks %v (%v)", list, err)
	}
	if d.Metadata[MetaPrecision] != precision || d.Metadata[MetaMaxLength] != "512" {
		t.Errorf("metadata %v", d.Metadata)
	}
}

// Weights that are too large for a graph are in a file beside it.
func TestExternalWeights(t *testing.T) {
	dir := t.TempDir()
	m := newModel(t, architectures(t)["fusion"])
	path := filepath.Join(dir, "model.onnx")
	w, err := write(path, m, Options{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{path, path + "_data"}; !slices.Equal(w.Files, want) {
		t.Errorf("files %q, want %q", w.Files, want)
	}
	var size int64
	for _, file := range w.Files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size != w.Bytes {
		t.Errorf("%d bytes, but %d are said", size, w.Bytes)
	}
	r := runInPython(t, dir)
	for _, runtime := range runtimes {
		if most, _ := r.deviation(t, "model", runtime, m, nn.FP32); most > limit {
			t.Errorf("%s: logits differ by %g", runtime, most)
		}
	}
}

// A task whose output has another's name is refused.
func TestNamesTwice(t *testing.T) {
	list := tinymodel.BuiltIn()
	a := fusion.Architecture{Config: distilBERT("gelu"), Tasks: []tasks.Task{list[1], list[2]}}
	a.Tasks[0].Name, a.Tasks[1].Name = "x", "x.y"
	a.Tasks[0].Heads[0].Name, a.Tasks[1].Heads[0].Name = "y.z", "z"
	a.Tasks[0].Heads[1].Follows, a.Tasks[0].Heads[0].Follows = nil, nil
	if _, err := Write(filepath.Join(t.TempDir(), "model.onnx"), newModel(t, a), Options{}); err == nil {
		t.Error("no error")
	}
}
