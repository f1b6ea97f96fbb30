package pretrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sugarme/gotch"

	"github.com/trident-nlp/trident/internal/atomicdir"
	"github.com/trident-nlp/trident/internal/checkpoint"
	"github.com/trident-nlp/trident/internal/numbers"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/nn"
	"github.com/trident-nlp/trident/pkg/tokenize"
)

const configFile = "config.json"

// classes are those of Hugging Face's that read a model, and its tokenizer, by model type.
var classes = map[string]struct{ model, tokenizer string }{
	backbone.DistilBERT: {"DistilBertForMaskedLM", "DistilBertTokenizer"},
	backbone.BERT:       {"BertForMaskedLM", "BertTokenizer"},
}

// Load reads an encoder and its masked language model's head from a folder of Hugging Face's
// or ours. A missing head is initialised randomly; hasHead says whether it was there. The
// caller drops the model.
func Load(dir string, device gotch.Device) (m *Model, hasHead bool, err error) {
	dir = atomicdir.Current(dir)
	c, err := backbone.ReadConfig(filepath.Join(dir, configFile))
	if err != nil {
		return nil, false, err
	}
	if m, err = New(c, device); err != nil {
		return nil, false, err
	}
	hasHead, err = m.LoadPretrained(dir)
	if err != nil {
		m.Drop()
		return nil, false, err
	}
	return m, hasHead, nil
}

// LoadPretrained overwrites the parameters by those of the model in dir. The encoder's must
// be there; the head's may be missing altogether, as hasHead says.
func (m *Model) LoadPretrained(dir string) (hasHead bool, err error) {
	if err := backbone.LoadPretrained(dir, m.Config.ModelType+".", m.params); err != nil {
		return false, err
	}
	file, err := backbone.OpenPretrained(dir)
	if err != nil {
		return false, fmt.Errorf("load the masked language model's head: %w", err)
	}
	defer file.Close()
	if hasHead, err = m.loadHead(file); err != nil {
		return false, fmt.Errorf("load the masked language model's head %s: %w", file.Path(), err)
	}
	return hasHead, nil
}

// HasHead reports whether the model in dir, of that type, has a masked language model's
// head, or a part of one. Its tensors aren't read.
func HasHead(dir, modelType string) (bool, error) {
	file, err := backbone.OpenPretrained(atomicdir.Current(dir))
	if err != nil {
		return false, fmt.Errorf("look for a masked language model's head: %w", err)
	}
	defer file.Close()
	own := headNamesOf(modelType).params()
	return slices.ContainsFunc(file.Names(), func(name string) bool { return slices.Contains(own, backbone.CurrentName(name)) }), nil
}

func (m *Model) loadHead(file *weights.File) (found bool, err error) {
	names := map[string]string{}
	for _, name := range file.Names() {
		names[backbone.CurrentName(name)] = name
	}
	var missing []string
	for _, p := range m.headParams() {
		name, there := names[p.Name]
		if !there {
			missing = append(missing, p.Name)
			continue
		}
		found = true
		tensor, err := file.Tensor(name)
		if err == nil {
			err = checkpoint.Set(p, tensor)
		}
		if err != nil {
			return true, err
		}
	}
	if found && len(missing) > 0 {
		return true, fmt.Errorf("%s missing: %s", numbers.Are(len(missing), "tensor"), strings.Join(missing, ", "))
	}
	return found, nil
}

// headParams are the head's own.
func (m *Model) headParams() []nn.Param {
	own := headNamesOf(m.Config.ModelType).params()
	return slices.DeleteFunc(slices.Clone(m.params.All()), func(p nn.Param) bool { return !slices.Contains(own, p.Name) })
}

// Save writes a folder that Hugging Face's AutoModelForMaskedLM and fill-mask pipeline read,
// and Trident as backbone.model_name: whole or not at all. Files of other names in dir are
// left alone; extra maps further names to contents.
func Save(dir string, m *Model, tok *tokenize.Tokenizer, extra map[string][]byte) error {
	err := atomicdir.Replace(dir, func(tmp string) error {
		tensors, err := checkpoint.Tensors(m.params.All())
		if err != nil {
			return err
		}
		if err := checkpoint.Finite(tensors); err != nil {
			return err
		}
		if err := atomicdir.WriteFile(filepath.Join(tmp, weights.SafetensorsFile), func(w io.Writer) error {
			return weights.WriteSafetensors(w, tensors, nil)
		}); err != nil {
			return err
		}
		config, err := configJSON(m.Config)
		if err != nil {
			return err
		}
		files := map[string][]byte{configFile: config}
		maps.Copy(files, extra)
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(tmp, name), content, 0o666); err != nil {
				return err
			}
		}
		return tok.SaveAs(tmp, classes[m.Config.ModelType].tokenizer)
	})
	if err != nil {
		return fmt.Errorf("save the masked language model: %w", err)
	}
	return nil
}

// configJSON is the encoder's configuration with what Hugging Face adds.
func configJSON(c backbone.Config) ([]byte, error) {
	class, known := classes[c.ModelType]
	if !known {
		return nil, errors.New("no class of Hugging Face's reads a model of type " + c.ModelType)
	}
	encoder, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	members := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(encoder))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		return nil, err
	}
	members["architectures"] = []string{class.model}
	members["torch_dtype"] = "float32"
	members["tie_word_embeddings"] = true
	data, err := json.MarshalIndent(members, "", "  ")
	return append(data, '\n'), err
}
