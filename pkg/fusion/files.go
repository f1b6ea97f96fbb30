package fusion

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/torchx"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

// Names of a model directory's files.
const (
	SafetensorsFile = "model.safetensors"
	PTFile          = "model.pt"
	ConfigFile      = "config.json"
	LabelMapsFile   = "label_maps.json"
)

// tokenizerClasses are Hugging Face's tokenizer classes, by model type.
var tokenizerClasses = map[string]string{backbone.DistilBERT: "DistilBertTokenizer", backbone.BERT: "BertTokenizer"}

// Files are additional files for [Save]: name → content.
type Files map[string][]byte

// Save makes dir a model directory, completely or not at all: weights in both formats,
// config.json, label_maps.json, the tokenizer's files, the files required by the Python
// prototype's scripts for single-task models and by Hugging Face's transformers, extra, and what more adds to the folder that
// is about to become dir. Other files in dir are left alone.
func Save(dir string, m *Model, tok *tokenize.Tokenizer, extra Files, more ...func(tmp string) error) error {
	err := atomicdir.Replace(dir, func(tmp string) error {
		tensors, err := checkpoint.Tensors(m.params.All())
		if err != nil {
			return err
		}
		origin, err := m.origin(tok)
		if err != nil {
			return err
		}
		if err := atomicdir.WriteFile(filepath.Join(tmp, SafetensorsFile), func(w io.Writer) error {
			return weights.WriteSafetensors(w, tensors, origin)
		}); err != nil {
			return err
		}
		if err := atomicdir.WriteFile(filepath.Join(tmp, PTFile), func(w io.Writer) error { return weights.WritePT(w, tensors) }); err != nil {
			return err
		}
		if err := m.SaveDescription(tmp, tok); err != nil {
			return err
		}
		if err := m.writeForPrototype(tmp); err != nil {
			return err
		}
		if err := m.writeForTransformers(tmp); err != nil {
			return err
		}
		for name, content := range extra {
			if err := os.WriteFile(filepath.Join(tmp, name), content, 0o666); err != nil {
				return err
			}
		}
		for _, add := range more {
			if err := add(tmp); err != nil {
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

// SaveDescription writes a model's files other than the weights to dir, which must exist:
// config.json, label_maps.json and the tokenizer's.
func (m *Model) SaveDescription(dir string, tok *tokenize.Tokenizer) error {
	config, err := m.configJSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), config, 0o666); err != nil {
		return err
	}
	labels, err := m.LabelMaps()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, LabelMapsFile), labels, 0o666); err != nil {
		return err
	}
	return tok.SaveAs(dir, tokenizerClasses[m.modelType()])
}

// Load reads a model directory written by Trident, by one of the Python prototype's
// trainers, or as Hugging Face's DistilBertForTokenClassification or
// BertForTokenClassification. Every tensor must match the labels and the vocabulary, and
// be finite; in directories written by Trident, labels and vocabulary must be the ones
// that the model was trained with.
func Load(dir string, device gotch.Device) (*Model, *tokenize.Tokenizer, error) {
	m, tok, err := load(dir, device)
	if err != nil {
		return nil, nil, fmt.Errorf("load model %s: %w", dir, err)
	}
	return m, tok, nil
}

func load(dir string, device gotch.Device) (*Model, *tokenize.Tokenizer, error) {
	dir = atomicdir.Current(dir)
	file, err := openWeights(dir)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	a, labels, err := readArchitecture(dir, file)
	if err != nil {
		return nil, nil, err
	}
	tok, err := tokenize.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := checkVocabularySize(tok, filepath.Base(file.Path()), a.Config); err != nil {
		return nil, nil, err
	}
	m, err := build(a, torchx.NewParams(device, false))
	if err != nil {
		return nil, nil, err
	}
	err = m.setWeights(file, labels)
	if err == nil {
		err = checkOrigin(file, a, tok)
	}
	if err == nil {
		if err = a.checkFollows(); err != nil {
			err = fmt.Errorf("%s: %w; %s", ConfigFile, err, copyFolder)
		}
	}
	if err != nil {
		m.Drop()
		return nil, nil, err
	}
	return m, tok, nil
}

// LoadWeights sets the parameters to those stored in dir by [Save].
func (m *Model) LoadWeights(dir string) error {
	file, err := openWeights(atomicdir.Current(dir))
	if err != nil {
		return fmt.Errorf("load weights of %s: %w", dir, err)
	}
	defer file.Close()
	if err := m.setWeights(file, LabelMapsFile); err != nil {
		return fmt.Errorf("load weights of %s: %w", dir, err)
	}
	m.prepareOnce()
	return nil
}
