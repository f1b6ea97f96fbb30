package backbone_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
)

// writeShards writes tensors as a checkpoint of three files with an index.
func writeShards(t *testing.T, dir, stem, ending string, tensors map[string]weights.Tensor) {
	t.Helper()
	shards := make([][]weights.Tensor, 3)
	shardOf := map[string]string{}
	for name, tensor := range tensors {
		tensor.Name = name
		i := len(name) % len(shards)
		shards[i] = append(shards[i], tensor)
		shardOf[name] = fmt.Sprintf("%s-%d%s", stem, i, ending)
	}
	for i, list := range shards {
		var out bytes.Buffer
		var err error
		if ending == ".bin" {
			err = weights.WritePT(&out, list)
		} else {
			err = weights.WriteSafetensors(&out, list, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%s-%d%s", stem, i, ending)), out.Bytes())
	}
	index, err := json.Marshal(map[string]any{"weight_map": shardOf})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, stem+ending+".index.json"), index)
}

// A pretrained model may be in several files, and have names as PyTorch's wrappers and old
// versions of transformers make them.
func TestLoadPretrainedFromOtherFolders(t *testing.T) {
	headless, _ := load(t, "plain")
	want := hidden(t, headless, []int64{2, 5, 7}, nil, 1, 3)
	for name, store := range map[string]func(dir string, tensors map[string]weights.Tensor){
		"sharded safetensors": func(dir string, tensors map[string]weights.Tensor) {
			writeShards(t, dir, "model", ".safetensors", tensors)
		},
		"sharded .bin": func(dir string, tensors map[string]weights.Tensor) {
			writeShards(t, dir, "pytorch_model", ".bin", tensors)
		},
		"wrapped": func(dir string, tensors map[string]weights.Tensor) {
			wrapped := map[string]weights.Tensor{}
			for name, tensor := range tensors {
				wrapped["module._orig_mod.distilbert."+name] = tensor
			}
			writeWeights(t, dir, wrapped)
		},
		"a file of another name": func(dir string, tensors map[string]weights.Tensor) {
			other := maps.Clone(tensors)
			const bias = "embeddings.LayerNorm.bias"
			spoilt := other[bias]
			spoilt.Data = bytes.Clone(spoilt.Data)
			spoilt.Data[2] ^= 0xff
			other[bias] = spoilt
			writeWeights(t, dir, tensors)
			if err := os.Rename(filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "mine.safetensors")); err != nil {
				t.Fatal(err)
			}
			writeWeights(t, dir, other)
			write(t, filepath.Join(dir, "config.json"), []byte(`{"transformers_weights": "mine.safetensors"}`))
		},
		"with positions": func(dir string, tensors map[string]weights.Tensor) {
			tensors["embeddings.position_ids"] = weights.Tensor{DType: weights.I64, Shape: []int64{1, 2}, Data: make([]byte, 16)}
			writeWeights(t, dir, tensors)
		},
	} {
		dir := t.TempDir()
		store(dir, plain(t))
		if got, err := loadedPlain(t, dir); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: hidden states %v, %v; want %v", name, got, err, want)
		}
	}
}

// loadedPlain is what an encoder of the plain test folder's sizes, at random so that what
// is loaded shows, makes of three tokens with the weights of dir.
func loadedPlain(t *testing.T, dir string) ([]float32, error) {
	t.Helper()
	config, err := backbone.ReadConfig(filepath.Join(testdata, "plain", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	p := torchx.NewParams(gotch.CPU, true)
	t.Cleanup(p.Drop)
	e, err := backbone.New(p.Sub("backbone"), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := backbone.LoadPretrained(dir, "backbone.", p); err != nil {
		return nil, err
	}
	return hidden(t, e, []int64{2, 5, 7}, nil, 1, 3), nil
}

// Numbers that aren't finite are refused, with the file and the tensor that hold them.
func TestLoadPretrainedRefusesWhatIsNotFinite(t *testing.T) {
	const lin1 = "transformer.layer.1.ffn.lin1.weight"
	for _, bits := range []uint32{0x7fc0_0000, 0x7f80_0000, 0xff80_0000} {
		for name, store := range map[string]func(dir string, tensors map[string]weights.Tensor){
			"model.safetensors": func(dir string, tensors map[string]weights.Tensor) { writeWeights(t, dir, tensors) },
			"pytorch_model-2.bin": func(dir string, tensors map[string]weights.Tensor) {
				writeShards(t, dir, "pytorch_model", ".bin", tensors)
			},
		} {
			tensors := plain(t)
			binary.LittleEndian.PutUint32(tensors[lin1].Data, bits)
			dir := t.TempDir()
			store(dir, tensors)
			_, p := load(t, "plain")
			err := backbone.LoadPretrained(dir, "backbone.", p)
			expectError(t, name, err, dir, name+": tensor "+lin1+" holds an infinity or a NaN", "earlier checkpoint")
			if !errors.Is(err, checkpoint.ErrNotFinite) {
				t.Errorf("%s: error %v isn't ErrNotFinite", name, err)
			}
		}
	}
}

func TestNamedWeightsStayInTheFolder(t *testing.T) {
	_, p := load(t, "plain")
	for text, want := range map[string]string{
		`{"transformers_weights": "../mine.safetensors"}`: "no file of this folder",
		`{"transformers_weights": "/mine.safetensors"}`:   "no file of this folder",
		`{"transformers_weights": 3}`:                     "config.json",
		`{"transformers_weights": "mine.safetensors"}`:    "holds no weights; want mine.safetensors, which its config.json names",
	} {
		dir := t.TempDir()
		writeWeights(t, dir, plain(t))
		write(t, filepath.Join(dir, "config.json"), []byte(text))
		expectError(t, text, backbone.LoadPretrained(dir, "backbone.", p), want)
	}
}

// A model in several files is whole in the cache when all of them are there.
func TestFindSharded(t *testing.T) {
	index := `{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}`
	snapshot := cacheWith(t, "models--someone--large", "config.json", "vocab.txt", "model-1.safetensors")
	write(t, filepath.Join(snapshot, "model.safetensors.index.json"), []byte(index))
	if _, err := backbone.Find(t.Context(), "someone/large", "main", nil); !errors.Is(err, backbone.ErrNotFound) {
		t.Errorf("without a shard: %v", err)
	}
	if dir, err := backbone.FindLocal("someone/large", "main"); err != nil || dir != snapshot {
		t.Errorf("enough for a dry run: %q, %v", dir, err)
	}
	write(t, filepath.Join(snapshot, "model-2.safetensors"), []byte("{}"))
	if dir, err := backbone.Find(t.Context(), "someone/large", "main", nil); err != nil || dir != snapshot {
		t.Errorf("with all: %q, %v", dir, err)
	}

	serveHub(t, map[string]string{
		"config.json": "{}", "tokenizer.json": "{ }", "model.safetensors.index.json": index,
		"model-1.safetensors": "one", "model-2.safetensors": "two",
	})
	snapshot = cacheWith(t, "models--someone--part", "config.json")
	t.Setenv("HF_HUB_OFFLINE", "0")
	dir, err := backbone.Find(t.Context(), "someone/part", "main", nil)
	if err != nil || dir != snapshot {
		t.Fatalf("%q, %v; want %s", dir, err, snapshot)
	}
	for name, want := range map[string]string{"model-1.safetensors": "one", "model-2.safetensors": "two"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want {
			t.Errorf("%s is %q, %v", name, data, err)
		}
	}
}
