package pretrain

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/goldentest"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// wordsTokenizer has as many tokens as the golden models' vocabulary.
func wordsTokenizer(t testing.TB) *tokenize.Tokenizer {
	t.Helper()
	vocab := strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] Hello my name is . ,")
	for i := len(vocab); i < 60; i++ {
		vocab = append(vocab, "w"+string(rune('A'+i%26))+string(rune('a'+i/26)))
	}
	tok, err := tokenize.New(vocab, tokenize.Options{ModelMaxLength: 64})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestSaveAndLoad(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		m := load(t, filepath.Join("testdata", modelType))
		dir := filepath.Join(t.TempDir(), "model")
		if err := Save(dir, m, wordsTokenizer(t), map[string][]byte{"README.md": []byte("card")}); err != nil {
			t.Fatal(err)
		}
		back := load(t, dir)
		if back.Config != m.Config {
			t.Errorf("configuration %+v, want %+v", back.Config, m.Config)
		}
		s := torchx.Inference(gotch.CPU)
		defer closeScope(t, s)
		for i, p := range back.params.All() {
			if d := goldentest.Compare(s.ReadFloat32(p.Tensor), s.ReadFloat32(m.params.All()[i].Tensor)); d.Max != 0 {
				t.Errorf("%s differs", p.Name)
			}
		}
		// As an encoder for another task.
		params := torchx.NewParams(gotch.CPU, false)
		defer params.Drop()
		if _, err := backbone.New(params.Sub("backbone"), m.Config); err != nil {
			t.Fatal(err)
		}
		if err := backbone.LoadPretrained(dir, "backbone.", params); err != nil {
			t.Error(err)
		}
		if _, err := tokenize.Load(dir); err != nil {
			t.Error(err)
		}
		// The tensors are those that transformers writes, no more.
		want, got := goldentest.Open(t, filepath.Join("testdata", modelType, "model.safetensors")), goldentest.Open(t, filepath.Join(dir, "model.safetensors"))
		if len(got.Names()) != len(want.Names()) {
			t.Errorf("%d tensors, want %d", len(got.Names()), len(want.Names()))
		}
		data, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		var config struct{ Architectures []string }
		if err := json.Unmarshal(data, &config); err != nil || len(config.Architectures) != 1 || config.Architectures[0] != classes[modelType].model {
			t.Errorf("architectures %v, %v", config.Architectures, err)
		}
	})
}

// A published encoder may have no head: it is drawn anew. Half a head is an error.
func TestLoadWithoutHead(t *testing.T) {
	forEachType(t, func(t *testing.T, modelType string) {
		source := goldenTensors(t, filepath.Join("testdata", modelType, "model.safetensors"))
		config, err := os.ReadFile(filepath.Join("testdata", modelType, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		folder := func(keep func(name string) bool) string {
			dir := t.TempDir()
			var kept []weights.Tensor
			for _, tensor := range source {
				if keep(tensor.Name) {
					kept = append(kept, tensor)
				}
			}
			file, err := os.Create(filepath.Join(dir, "model.safetensors"))
			if err == nil {
				err = weights.WriteSafetensors(file, kept, nil)
			}
			if err == nil {
				err = file.Close()
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
			return dir
		}
		inEncoder := func(name string) bool { return strings.HasPrefix(name, modelType+".") }
		m, hasHead, err := Load(folder(inEncoder), gotch.CPU)
		if err != nil || hasHead {
			t.Fatalf("has a head: %v, %v", hasHead, err)
		}
		m.Drop()
		for want, keep := range map[bool]func(name string) bool{false: inEncoder, true: func(string) bool { return true }} {
			if has, err := HasHead(folder(keep), modelType); err != nil || has != want {
				t.Errorf("has a head: %v, %v; want %v", has, err, want)
			}
		}
		if _, err := HasHead(t.TempDir(), modelType); !errors.Is(err, backbone.ErrNotFound) {
			t.Errorf("a head of no model: %v", err)
		}
		half := folder(func(name string) bool { return inEncoder(name) || strings.HasSuffix(name, "bias") })
		if _, _, err := Load(half, gotch.CPU); err == nil || !strings.Contains(err.Error(), "2 tensors are missing") {
			t.Errorf("half a head: %v", err)
		}
	})
}

func goldenTensors(t *testing.T, path string) []weights.Tensor {
	t.Helper()
	file, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	var list []weights.Tensor
	for _, name := range file.Names() {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, tensor)
	}
	return list
}
