package backbone_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

func moments(values []float32) (mean, std float64) {
	for _, v := range values {
		mean += float64(v) / float64(len(values))
	}
	for _, v := range values {
		std += (float64(v) - mean) * (float64(v) - mean) / float64(len(values))
	}
	return mean, math.Sqrt(std)
}

// expectError checks that err's text holds each of wants.
func expectError(t *testing.T, name string, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %q", name, wants)
		return
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %q doesn't say %q", name, err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: error of several lines: %q", name, err)
	}
}

// plain returns testdata/plain's weights by name.
func plain(t *testing.T) map[string]weights.Tensor {
	t.Helper()
	return tensorsOf(t, "plain")
}

func tensorsOf(t *testing.T, dir string) map[string]weights.Tensor {
	t.Helper()
	f, err := weights.Open(filepath.Join(testdata, dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensors := map[string]weights.Tensor{}
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		tensor.Data = bytes.Clone(tensor.Data)
		tensors[name] = tensor
	}
	return tensors
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func writeWeights(t *testing.T, dir string, tensors map[string]weights.Tensor) {
	t.Helper()
	list := make([]weights.Tensor, 0, len(tensors))
	for name, tensor := range tensors {
		tensor.Name = name
		list = append(list, tensor)
	}
	var buf bytes.Buffer
	if err := weights.WriteSafetensors(&buf, list, nil); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "model.safetensors"), buf.Bytes())
}

// asBERT gives the layers BERT's names, and adds tensors.
func asBERT(more ...string) func(*testing.T, string, map[string]weights.Tensor) {
	return func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
		one := tensors["transformer.layer.0.attention.q_lin.bias"]
		for _, name := range slices.Sorted(maps.Keys(tensors)) {
			rest, ok := strings.CutPrefix(name, "transformer.layer.")
			if !ok {
				continue
			}
			layer, part, _ := strings.Cut(rest, ".")
			part = strings.NewReplacer("attention.q_lin", "attention.self.query", "attention.k_lin", "attention.self.key",
				"attention.v_lin", "attention.self.value", "attention.out_lin", "attention.output.dense",
				"sa_layer_norm", "attention.output.LayerNorm", "ffn.lin1", "intermediate.dense",
				"ffn.lin2", "output.dense", "output_layer_norm", "output.LayerNorm").Replace(part)
			tensors["encoder.layer."+layer+"."+part] = tensors[name]
			delete(tensors, name)
		}
		for _, name := range more {
			tensors[name] = one
		}
	}
}

func TestLoadPretrainedRefuses(t *testing.T) {
	const lin1 = "transformer.layer.1.ffn.lin1.weight"
	for name, tc := range map[string]struct {
		change func(t *testing.T, dir string, tensors map[string]weights.Tensor)
		wants  []string
	}{
		"missing tensor": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) { delete(tensors, lin1) },
			[]string{"1 tensor is missing: " + lin1},
		},
		"two encoders": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				for _, name := range slices.Sorted(maps.Keys(tensors)) {
					tensors["teacher."+name] = tensors[name]
				}
			},
			[]string{"it holds several encoders", "teacher.embeddings.word_embeddings.weight"},
		},
		"more layers in a model with heads": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				for _, name := range slices.Sorted(maps.Keys(tensors)) {
					tensors["bert."+name] = tensors[name]
					delete(tensors, name)
				}
				tensors["bert.transformer.layer.2.ffn.lin1.weight"] = tensors["bert."+lin1]
			},
			[]string{"1 tensor is not DistilBERT's: bert.transformer.layer.2.ffn.lin1.weight"},
		},
		"BERT's tensors": {
			asBERT("embeddings.token_type_embeddings.weight", "pooler.dense.weight"),
			[]string{"32 tensors are missing: transformer.layer.0.", "34 tensors are not expected: embeddings.token_type_embeddings.weight, encoder.layer.0."},
		},
		"RoBERTa's positions": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				const name = "embeddings.position_embeddings.weight"
				tensors[name] = weights.Tensor{DType: weights.F32, Shape: []int64{66, 16}, Data: make([]byte, 66*16*4)}
			},
			[]string{"tensor embeddings.position_embeddings.weight", "shape [66 16], want [64 16]"},
		},
		"another vocabulary": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				const name = "embeddings.word_embeddings.weight"
				tensors[name] = weights.Tensor{DType: weights.F32, Shape: []int64{61, 16}, Data: make([]byte, 61*16*4)}
			},
			[]string{"tensor embeddings.word_embeddings.weight", "shape [61 16], want [60 16]"},
		},
		"wrong shape": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				tensors[lin1] = tensors["transformer.layer.1.ffn.lin2.weight"]
			},
			[]string{"tensor " + lin1, "shape [16 37], want [37 16]"},
		},
		"unknown tensor": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				tensors["pooler.dense.weight"] = tensors[lin1]
			},
			[]string{"1 tensor is not DistilBERT's: pooler.dense.weight"},
		},
		"more layers than the configuration": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				tensors["transformer.layer.2.ffn.lin1.weight"] = tensors[lin1]
			},
			[]string{"transformer.layer.2.ffn.lin1.weight"},
		},
		"both names of a norm": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				tensors["embeddings.LayerNorm.gamma"] = tensors["embeddings.LayerNorm.weight"]
			},
			[]string{"embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"},
		},
		"quantised weights": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				tensors[lin1] = weights.Tensor{DType: weights.I8, Shape: []int64{37, 16}, Data: make([]byte, 37*16)}
			},
			[]string{"tensor " + lin1, "element type I8 isn't supported"},
		},
		"truncated file": {
			func(t *testing.T, dir string, _ map[string]weights.Tensor) {
				data, err := os.ReadFile(filepath.Join(testdata, "plain", "model.safetensors"))
				if err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(dir, "model.safetensors"), data[:len(data)-1])
			},
			[]string{"model.safetensors"},
		},
		"Git LFS pointer": {
			func(t *testing.T, dir string, _ map[string]weights.Tensor) {
				write(t, filepath.Join(dir, "model.safetensors"), []byte("version https://git-lfs.github.com/spec/v1\n"))
			},
			[]string{"git lfs pull"},
		},
		"empty folder": {
			func(*testing.T, string, map[string]weights.Tensor) {},
			[]string{"holds no weights; want model.safetensors or pytorch_model.bin"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tensors := plain(t)
			count := len(tensors)
			before := maps.Clone(tensors)
			tc.change(t, dir, tensors)
			changed := len(tensors) != count || !maps.EqualFunc(before, tensors, func(a, b weights.Tensor) bool { return &a.Data[0] == &b.Data[0] })
			if changed {
				writeWeights(t, dir, tensors)
			}
			_, p := load(t, "plain")
			expectError(t, name, backbone.LoadPretrained(dir, "backbone.", p), tc.wants...)
		})
	}
}

// TestHeadsOfTheSameEncoder loads checkpoints of DistilBERT with something on
// top: of it, only the encoder counts.
func TestHeadsOfTheSameEncoder(t *testing.T) {
	headless, _ := load(t, "plain")
	want := hidden(t, headless, []int64{2, 5, 7}, nil, 1, 3)
	for name, test := range map[string]struct {
		prefix string
		heads  []string
	}{
		"sequence classification":   {"distilbert.", []string{"pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias"}},
		"token classification":      {"distilbert.", []string{"classifier.weight", "classifier.bias"}},
		"masked words":              {"distilbert.", []string{"vocab_transform.weight", "vocab_layer_norm.bias", "vocab_projector.bias", "vocab_projector.weight"}},
		"without a prefix":          {"", []string{"vocab_transform.weight", "vocab_projector.weight"}},
		"question answering":        {"distilbert.", []string{"qa_outputs.weight", "qa_outputs.bias"}},
		"the prototype's cases":     {"distilbert.", []string{"pre_classifier.weight", "classifier_main.weight", "classifier_sub.weight", "classifier_interv.bias", "classifier_priority.bias"}},
		"the prototype's QA":        {"bert.", []string{"heads.opening.weight", "heads.opening.bias", "heads.closing.weight"}},
		"three tasks":               {"backbone.", []string{"ner_classifier.weight", "cls_attention.attention.weight", "qa_heads.opening.bias"}},
		"a model of somebody's own": {"student.model.", []string{"head.weight", "student.scale"}},
		"positions of old versions": {"bert.", []string{"bert.embeddings.position_ids"}},
	} {
		dir := t.TempDir()
		tensors := map[string]weights.Tensor{}
		for name, tensor := range plain(t) {
			tensors[test.prefix+name] = tensor
		}
		for _, part := range test.heads {
			tensors[part] = weights.Tensor{DType: weights.F32, Shape: []int64{3}, Data: make([]byte, 12)}
		}
		writeWeights(t, dir, tensors)
		if got, err := loadedPlain(t, dir); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: hidden states %v, %v; want %v as without a head", name, got, err, want)
		}
	}
}

func TestReadConfig(t *testing.T) {
	read := func(text string) (backbone.Config, error) {
		path := filepath.Join(t.TempDir(), "config.json")
		write(t, path, []byte(text))
		return backbone.ReadConfig(path)
	}
	got, err := read(`{"model_type": "distilbert", "pad_token_id": null, "unknown_key": [1]}`)
	want := backbone.DistilBERTCased()
	want.VocabSize = 30522 // DistilBertConfig's default
	if err != nil || got != want {
		t.Errorf("defaults: %+v, %v; want %+v", got, err, want)
	}
	got, err = backbone.ReadConfig(filepath.Join(testdata, "plain", "config.json"))
	small := backbone.Config{
		VocabSize: 60, MaxPositions: 64, Dim: 16, Layers: 2, Heads: 4, HiddenDim: 37,
		Activation: "gelu", InitRange: 0.02, TieWeights: true, ModelType: "distilbert",
	}
	if err != nil || got != small {
		t.Errorf("transformers' own: %+v, %v; want %+v", got, err, small)
	}

	for text, wants := range map[string][]string{
		`{"model_type": "roberta"}`:      {`model_type is "roberta"; only distilbert and bert are supported`},
		`{"dim": 16, "n_heads": 3}`:      {"dim 16 isn't a multiple of n_heads 3"},
		`{"n_layers": 0}`:                {"n_layers is 0"},
		`{"vocab_size": -1}`:             {"vocab_size is -1"},
		`{"activation": "swish"}`:        {`activation "swish"; only gelu, gelu_new, relu`},
		`{"dropout": 1}`:                 {"dropout 1"},
		`{"pad_token_id": 30522}`:        {"pad_token_id 30522 is outside the vocabulary of 30522"},
		`{"dim": "wide"}`:                {"dim is a string; want a whole number"},
		`{"hidden_size": []}`:            {"hidden_size is an array; want a whole number"},
		`{"dim": 16`:                     {"config.json"},
		`{"hidden_dim": 99999999999999}`: {"hidden_dim is 99999999999999"},
	} {
		_, err := read(text)
		expectError(t, text, err, append(wants, "config.json")...)
	}
	_, err = backbone.ReadConfig(filepath.Join(t.TempDir(), "config.json"))
	expectError(t, "no file", err, "config.json", "no such file")
}

func TestConfigRoundTrip(t *testing.T) {
	other := backbone.BERTUncased()
	other.Dim, other.Heads, other.TypeVocabSize, other.LayerNormEps, other.PadID, other.Activation = 52, 2, 7, 1e-5, 3, "relu"
	for _, c := range []backbone.Config{backbone.DistilBERTCased(), backbone.BERTUncased(), other} {
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "config.json")
		write(t, path, data)
		if got, err := backbone.ReadConfig(path); err != nil || got != c {
			t.Errorf("read back %+v, %v; want %+v", got, err, c)
		}
	}
}

func TestLoadParamsReportsUnused(t *testing.T) {
	f, err := weights.Open(filepath.Join(testdata, "plain", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := torchx.NewParams(gotch.CPU, true)
	defer p.Drop()
	p.New("embeddings.LayerNorm.weight", torchx.Ones, 16)
	other := p.New("other", torchx.Ones, 1)
	unused, err := backbone.LoadParams(f, "embeddings.", p, func(name string) string { return strings.TrimPrefix(name, "embeddings.") })
	if err != nil || len(unused) != len(f.Names())-1 || slices.Contains(unused, "embeddings.LayerNorm.weight") {
		t.Errorf("unused = %v, %v", unused, err)
	}
	s := torchx.Inference(gotch.CPU)
	defer s.Close()
	if v := s.Value(other); v != 1 {
		t.Errorf("a parameter outside the prefix changed to %v", v)
	}
}
