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

// plain returns testdata's weights by name.
func plain(t *testing.T) map[string]weights.Tensor {
	t.Helper()
	f, err := weights.Open(filepath.Join(testdata, "plain", "model.safetensors"))
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

func TestLoadPretrainedRefuses(t *testing.T) {
	const lin1 = "transformer.layer.1.ffn.lin1.weight"
	for name, tc := range map[string]struct {
		change func(t *testing.T, dir string, tensors map[string]weights.Tensor)
		wants  []string
	}{
		"missing tensor": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) { delete(tensors, lin1) },
			[]string{"1 tensors are missing: " + lin1},
		},
		"another model's tensors": {
			func(_ *testing.T, _ string, tensors map[string]weights.Tensor) {
				for _, name := range slices.Sorted(maps.Keys(tensors)) {
					tensors["bert."+name] = tensors[name]
					delete(tensors, name)
				}
			},
			[]string{"tensors are missing: embeddings.word_embeddings.weight", "and 31 more"},
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
			[]string{"1 tensors aren't DistilBERT's: pooler.dense.weight"},
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

func TestFind(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	snapshot := filepath.Join(cache, "models--distilbert--distilbert-base-cased", "snapshots", "abc")
	refs := filepath.Join(cache, "models--distilbert--distilbert-base-cased", "refs")
	for _, dir := range []string{snapshot, refs} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(refs, "main"), []byte("abc\n"))
	write(t, filepath.Join(snapshot, "config.json"), []byte("{}"))
	for _, name := range []string{"distilbert-base-cased", "distilbert/distilbert-base-cased"} {
		if dir, err := backbone.Find(name); err != nil || dir != snapshot {
			t.Errorf("Find(%q) = %q, %v; want the snapshot", name, dir, err)
		}
	}
	if dir, err := backbone.Find(snapshot); err != nil || dir != snapshot {
		t.Errorf("a directory: %q, %v", dir, err)
	}
	_, err := backbone.Find("someone/else")
	expectError(t, "unknown name", err, `"someone/else" is neither a directory nor in the Hugging Face cache (`+cache+")", "hf download someone/else", "backbone.init=random")
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
		`{"model_type": "bert"}`:         {`model_type is "bert"; only distilbert is supported`},
		`{"model_type": "roberta"}`:      {`model_type is "roberta"`},
		`{"dim": 16, "n_heads": 3}`:      {"dim 16 isn't a multiple of n_heads 3"},
		`{"n_layers": 0}`:                {"n_layers is 0"},
		`{"vocab_size": -1}`:             {"vocab_size is -1"},
		`{"activation": "relu"}`:         {`activation "relu"; only gelu`},
		`{"dropout": 1}`:                 {"dropout 1"},
		`{"pad_token_id": 30522}`:        {"pad_token_id 30522 is outside the vocabulary of 30522"},
		`{"dim": "wide"}`:                {"dim"},
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
	data, err := json.Marshal(backbone.DistilBERTCased())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	write(t, path, data)
	if got, err := backbone.ReadConfig(path); err != nil || got != backbone.DistilBERTCased() {
		t.Errorf("read back %+v, %v", got, err)
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
