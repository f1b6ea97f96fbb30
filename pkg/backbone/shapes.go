package backbone

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/pkg/nn"
)

// ReadDir reads the configuration of the model in dir: from config.json or, if the
// Python prototype wrote none, from the weights' shapes.
func ReadDir(dir string) (Config, error) {
	c, err := ReadConfig(filepath.Join(dir, configFile[0]))
	if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	file, failed := OpenPretrained(dir)
	if errors.Is(failed, ErrNotFound) {
		return c, err // no model files at all
	}
	if failed != nil {
		return c, failed
	}
	defer file.Close()
	prefix, err := encoderPrefix(file.Names())
	if err == nil {
		c, err = ConfigOfShapes(file, prefix)
	}
	if err != nil {
		return c, fmt.Errorf("model configuration of %s: %w", file.Path(), err)
	}
	return c, nil
}

// baseHeads is the number of attention heads of DistilBERT's base models, and of all
// others of width baseDim.
const baseHeads, baseDim = 12, 768

// ConfigOfShapes derives a DistilBERT's configuration from the shapes of its weights,
// whose names begin with prefix. The number of attention heads can't be derived; it is
// only known for baseDim.
func ConfigOfShapes(file *nn.WeightFile, prefix string) (Config, error) {
	c := DistilBERTCased()
	if slices.ContainsFunc(file.Names(), func(name string) bool { return strings.Contains(name, "encoder.layer.") }) {
		return c, errors.New("there is no config.json, which a BERT needs: copy it from where the model was made")
	}
	shape := func(name string) ([]int64, error) {
		t, err := file.Tensor(name)
		if err == nil && len(t.Shape) != 2 {
			err = fmt.Errorf("tensor %s has shape %v, want two dimensions", name, t.Shape)
		}
		return t.Shape, err
	}
	words, err := shape(prefix + "embeddings.word_embeddings.weight")
	if err != nil {
		return c, err
	}
	positions, err := shape(prefix + "embeddings.position_embeddings.weight")
	if err != nil {
		return c, err
	}
	inner, err := shape(prefix + "transformer.layer.0.ffn.lin1.weight")
	if err != nil {
		return c, err
	}
	c.VocabSize, c.Dim, c.MaxPositions, c.HiddenDim = words[0], words[1], positions[0], inner[0]
	c.Layers = 0
	for _, name := range file.Names() {
		if strings.HasPrefix(name, prefix+"transformer.layer.") && strings.HasSuffix(name, ".ffn.lin1.weight") {
			c.Layers++
		}
	}
	if c.Dim != baseDim {
		return c, fmt.Errorf(`there is no config.json, and the weights don't show how many attention heads the encoder has: write one with {"model_type": "distilbert", "vocab_size": %d, "max_position_embeddings": %d, "dim": %d, "n_layers": %d, "hidden_dim": %d, "n_heads": HEADS}`,
			c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.HiddenDim)
	}
	c.Heads = baseHeads
	return c, c.Validate()
}
