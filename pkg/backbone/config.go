package backbone

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trident-nlp/trident/internal/pyjson"
)

// Config is the architecture, in the keys of Hugging Face's config.json.
type Config struct {
	VocabSize        int64   `json:"vocab_size"`
	MaxPositions     int64   `json:"max_position_embeddings"`
	Dim              int64   `json:"dim"`
	Layers           int64   `json:"n_layers"`
	Heads            int64   `json:"n_heads"`
	HiddenDim        int64   `json:"hidden_dim"` // inner width of the feed-forward network
	Dropout          float64 `json:"dropout"`
	AttentionDropout float64 `json:"attention_dropout"`
	Activation       string  `json:"activation"`
	InitRange        float64 `json:"initializer_range"`
	PadID            int64   `json:"pad_token_id"`
	SinusoidalPos    bool    `json:"sinusoidal_pos_embds"`
	TieWeights       bool    `json:"tie_weights_"`
	ModelType        string  `json:"model_type"`
}

// DistilBERTCased is the architecture of distilbert-base-cased.
func DistilBERTCased() Config {
	return Config{
		VocabSize:        28996,
		MaxPositions:     512,
		Dim:              768,
		Layers:           6,
		Heads:            12,
		HiddenDim:        3072,
		Dropout:          0.1,
		AttentionDropout: 0.1,
		Activation:       "gelu",
		InitRange:        0.02,
		TieWeights:       true,
		ModelType:        "distilbert",
	}
}

// ReadConfig reads a config.json. Keys that it lacks have DistilBERT's
// defaults, as in Hugging Face's DistilBertConfig.
func ReadConfig(path string) (Config, error) {
	c := DistilBERTCased()
	c.VocabSize = 30522
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read model configuration: %w", err)
	}
	if err := c.unmarshal(data); err != nil {
		return c, fmt.Errorf("read model configuration %s: %w", path, err)
	}
	if c.ModelType != "distilbert" {
		return c, fmt.Errorf("model configuration %s: model_type is %q; only distilbert is supported", path, c.ModelType)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("model configuration %s: %w", path, err)
	}
	return c, nil
}

func (c *Config) unmarshal(data []byte) error {
	if err := pyjson.Unmarshal(data, c); err != nil {
		return err
	}
	members, err := pyjson.Object(data)
	if err != nil {
		return err
	}
	// Other models' names of sizes, which DistilBertConfig takes too (its attribute_map);
	// where both are there, these count.
	for _, size := range []struct {
		name, other string
		value       *int64
	}{
		{"dim", "hidden_size", &c.Dim},
		{"n_layers", "num_hidden_layers", &c.Layers},
		{"n_heads", "num_attention_heads", &c.Heads},
	} {
		for _, name := range []string{size.name, size.other} {
			switch value, found := members[name]; {
			case !found:
			case string(value) == "null":
				return fmt.Errorf("%s is null; want a number", name)
			default:
				if err := json.Unmarshal(value, size.value); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// NamedWeights is the file of weights that dir's config.json names, which transformers
// then takes instead of those with the usual names; "" if it names none, or isn't there.
func NamedWeights(dir string) (string, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read model configuration: %w", err)
	}
	var named struct {
		Weights string `json:"transformers_weights"`
	}
	if err := pyjson.Unmarshal(data, &named); err != nil {
		return "", fmt.Errorf("read model configuration %s: %w", path, err)
	}
	if named.Weights != "" && !filepath.IsLocal(named.Weights) {
		return "", fmt.Errorf("model configuration %s: transformers_weights is %q, which is no file of this folder", path, named.Weights)
	}
	return named.Weights, nil
}

// Validate reports the first value that no model can have.
func (c Config) Validate() error {
	for _, size := range []struct {
		name  string
		value int64
	}{
		{"vocab_size", c.VocabSize},
		{"max_position_embeddings", c.MaxPositions},
		{"dim", c.Dim},
		{"n_layers", c.Layers},
		{"n_heads", c.Heads},
		{"hidden_dim", c.HiddenDim},
	} {
		if size.value < 1 || size.value > 1<<24 {
			return fmt.Errorf("%s is %d", size.name, size.value)
		}
	}
	switch {
	case c.Dim%c.Heads != 0:
		return fmt.Errorf("dim %d isn't a multiple of n_heads %d", c.Dim, c.Heads)
	case c.Activation != "gelu":
		return fmt.Errorf("activation %q; only gelu is supported", c.Activation)
	case c.Dropout < 0 || c.Dropout >= 1 || c.AttentionDropout < 0 || c.AttentionDropout >= 1:
		return fmt.Errorf("dropout %g, attention_dropout %g: want 0 up to 1", c.Dropout, c.AttentionDropout)
	case c.PadID < 0 || c.PadID >= c.VocabSize:
		return fmt.Errorf("pad_token_id %d is outside the vocabulary of %d", c.PadID, c.VocabSize)
	}
	return nil
}
