package fusion

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/pyjson"
	"github.com/trident-nlp/trident/internal/weights"
	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/tasks"
)

// description is what config.json says beside the encoder's configuration.
type description struct {
	ModelType     string          `json:"model_type"` // "" is DistilBERT's
	Architectures []string        `json:"architectures"`
	IDToLabel     json.RawMessage `json:"id2label"` // of Hugging Face's classifiers
	LabelToID     json.RawMessage `json:"label2id"`
	Trident       *layout         `json:"trident"` // nil in directories that we didn't write
}

// layout says how the model is put together; label_maps.json has the labels.
type layout struct {
	Encoder string       `json:"encoder"`
	Tasks   []tasks.Task `json:"tasks"`
}

// readDescription reads what config.json has beside the encoder's part. Its
// error is fs.ErrNotExist if there is none.
func readDescription(dir string) (d description, err error) {
	data, err := os.ReadFile(filepath.Join(dir, ConfigFile))
	if err != nil {
		return d, err
	}
	if err := pyjson.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("%s: %w; %s", ConfigFile, err, copyFile)
	}
	return d, nil
}

// labels are those that Hugging Face's classes take from config.json: id2label
// and, which they leave aside, label2id where there is nothing else. There are none
// where it has neither.
func (d description) labels() (map[string]string, error) {
	labelOf, err := idToLabel(d.IDToLabel)
	if err != nil {
		return nil, fmt.Errorf("%s: id2label: %w", ConfigFile, err)
	}
	if len(labelOf) == 0 {
		if labelOf, err = labelToID(d.LabelToID); err != nil {
			return nil, fmt.Errorf("%s: label2id: %w", ConfigFile, err)
		}
	}
	return labelOf, nil
}

// baseHeads are the attention heads of DistilBERT's base models, and of all others
// that are baseDim wide.
const baseHeads, baseDim = 12, 768

// configOfShapes derives the encoder's configuration from the weights' shapes, which
// don't show how many attention heads there are. Only baseDim is known to have baseHeads.
func configOfShapes(file *weights.File, encoder string) (backbone.Config, error) {
	c := backbone.DistilBERTCased()
	shape := func(name string) ([]int64, error) {
		t, err := file.Tensor(name)
		if err == nil && len(t.Shape) != 2 {
			err = fmt.Errorf("tensor %s has shape %v, want two dimensions", name, t.Shape)
		}
		return t.Shape, err
	}
	if slices.ContainsFunc(file.Names(), func(name string) bool { return strings.Contains(name, "encoder.layer.") }) {
		return c, fmt.Errorf("there is no %s, which a BERT needs: copy it from where the model was made", ConfigFile)
	}
	words, err := shape(encoder + ".embeddings.word_embeddings.weight")
	if err != nil {
		return c, err
	}
	positions, err := shape(encoder + ".embeddings.position_embeddings.weight")
	if err != nil {
		return c, err
	}
	inner, err := shape(encoder + ".transformer.layer.0.ffn.lin1.weight")
	if err != nil {
		return c, err
	}
	c.VocabSize, c.Dim, c.MaxPositions, c.HiddenDim = words[0], words[1], positions[0], inner[0]
	c.Layers = 0
	for _, name := range file.Names() {
		if strings.HasPrefix(name, encoder+".transformer.layer.") && strings.HasSuffix(name, ".ffn.lin1.weight") {
			c.Layers++
		}
	}
	if c.Dim != baseDim {
		return c, fmt.Errorf(`there is no %s, and the weights don't show how many attention heads the encoder has: write one with {"model_type": "distilbert", "vocab_size": %d, "max_position_embeddings": %d, "dim": %d, "n_layers": %d, "hidden_dim": %d, "n_heads": HEADS}`,
			ConfigFile, c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.HiddenDim)
	}
	c.Heads = baseHeads
	return c, c.Validate()
}
