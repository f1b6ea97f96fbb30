package fusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Names of a model directory's files.
const (
	SafetensorsFile = "model.safetensors"
	PTFile          = "model.pt"
	ConfigFile      = "config.json"
	LabelMapsFile   = "label_maps.json"
)

// Files names what [Save] writes beside the model's own files: name → content.
type Files map[string][]byte

// Save makes dir a model directory, whole or not at all: weights in both
// formats, config.json, the tokenizer's files, and extra, which holds the
// label maps among others. Files of other names in dir are left alone.
func Save(dir string, m *Model, tok *tokenize.Tokenizer, extra Files) error {
	err := atomicdir.Replace(dir, func(tmp string) error {
		tensors, err := checkpoint.Tensors(m.params.All())
		if err != nil {
			return err
		}
		if err := writeFile(tmp, SafetensorsFile, func(w io.Writer) error {
			return weights.WriteSafetensors(w, tensors, nil)
		}); err != nil {
			return err
		}
		if err := writeFile(tmp, PTFile, func(w io.Writer) error { return weights.WritePT(w, tensors) }); err != nil {
			return err
		}
		config, err := configJSON(m.Config)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tmp, ConfigFile), config, 0o666); err != nil {
			return err
		}
		if err := tok.Save(tmp); err != nil {
			return err
		}
		for name, content := range extra {
			if err := os.WriteFile(filepath.Join(tmp, name), content, 0o666); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func writeFile(dir, name string, write func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// configJSON is the encoder's configuration with what Hugging Face adds.
func configJSON(c backbone.Config) ([]byte, error) {
	data, err := json.MarshalIndent(struct {
		Architectures []string `json:"architectures"`
		backbone.Config
		DType string `json:"torch_dtype"`
	}{[]string{"AttentionFusionModel"}, c, "float32"}, "", "  ")
	return append(data, '\n'), err
}

// Load reads a model directory: ours, or one that the Python prototype wrote
// (model.pt, label maps and tokenizer, no config.json). Every tensor must fit
// the label maps and the vocabulary.
func Load(dir string, device gotch.Device) (*Model, *tokenize.Tokenizer, error) {
	m, tok, err := load(dir, device)
	if err != nil {
		return nil, nil, fmt.Errorf("load model %s: %w", dir, err)
	}
	return m, tok, nil
}

func load(dir string, device gotch.Device) (*Model, *tokenize.Tokenizer, error) {
	maps, err := os.ReadFile(filepath.Join(dir, LabelMapsFile))
	if err != nil {
		return nil, nil, fmt.Errorf("not a model directory: %w", err)
	}
	list, err := tasks.UnmarshalLabelMaps(maps)
	if err != nil {
		return nil, nil, err
	}
	file, err := openWeights(dir)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	config, err := findConfig(dir, file)
	if err != nil {
		return nil, nil, err
	}
	tok, err := tokenize.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	if int64(tok.VocabSize()) > config.VocabSize {
		return nil, nil, fmt.Errorf("the vocabulary has %d entries, the weights only %d", tok.VocabSize(), config.VocabSize)
	}
	m, err := build(config, list, torchx.NewParams(device, false))
	if err != nil {
		return nil, nil, err
	}
	unused, err := backbone.LoadParams(file, "", m.params, func(name string) string { return name })
	if err == nil && len(unused) > 0 {
		err = fmt.Errorf("%d tensors belong to no part of the model: the first is %s", len(unused), unused[0])
	}
	if err != nil {
		m.Drop()
		return nil, nil, err
	}
	return m, tok, nil
}

func openWeights(dir string) (*weights.File, error) {
	for _, name := range []string{SafetensorsFile, PTFile} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return weights.Open(path)
		}
	}
	return nil, fmt.Errorf("no weights: want %s or %s", SafetensorsFile, PTFile)
}

// findConfig reads config.json or, where there is none, derives the
// architecture from the weights' shapes, with heads of 64 as in all published
// DistilBERTs.
func findConfig(dir string, file *weights.File) (backbone.Config, error) {
	path := filepath.Join(dir, ConfigFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return backbone.ReadConfig(path)
	}
	c := backbone.DistilBERTCased()
	shape := func(name string) ([]int64, error) {
		t, err := file.Tensor(name)
		if err == nil && len(t.Shape) != 2 {
			err = fmt.Errorf("tensor %s has shape %v, want two dimensions", name, t.Shape)
		}
		return t.Shape, err
	}
	words, err := shape("backbone.embeddings.word_embeddings.weight")
	if err != nil {
		return c, err
	}
	positions, err := shape("backbone.embeddings.position_embeddings.weight")
	if err != nil {
		return c, err
	}
	inner, err := shape("backbone.transformer.layer.0.ffn.lin1.weight")
	if err != nil {
		return c, err
	}
	c.VocabSize, c.Dim, c.MaxPositions, c.HiddenDim = words[0], words[1], positions[0], inner[0]
	c.Heads = max(1, c.Dim/64)
	c.Layers = 0
	for _, name := range file.Names() {
		if strings.HasPrefix(name, "backbone.transformer.layer.") && strings.HasSuffix(name, ".ffn.lin1.weight") {
			c.Layers++
		}
	}
	return c, c.Validate()
}

// LabelMaps returns the model's label_maps.json.
func (m *Model) LabelMaps() ([]byte, error) { return tasks.MarshalLabelMaps(m.Tasks) }
