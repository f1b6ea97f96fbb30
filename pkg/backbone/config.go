package backbone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trident-nlp/trident/internal/pyjson"
)

// The supported model types, as in config.json.
const (
	DistilBERT = "distilbert"
	BERT       = "bert"
)

// Config is an encoder's architecture. Its JSON has the keys of Hugging Face's
// configuration of its model type.
type Config struct {
	ModelType        string // DistilBERT or BERT; "" is DistilBERT
	VocabSize        int64
	MaxPositions     int64
	TypeVocabSize    int64 // rows of BERT's token type embeddings; 0 for DistilBERT
	Dim              int64
	Layers           int64
	Heads            int64
	HiddenDim        int64 // inner width of the feed-forward network
	Dropout          float64
	AttentionDropout float64
	Activation       string // "gelu", "gelu_new" or "relu"
	InitRange        float64
	LayerNormEps     float64 // 0 is 1e-12, DistilBERT's fixed value
	PadID            int64
	SinusoidalPos    bool // DistilBERT's; its embeddings are read from the file nevertheless
	TieWeights       bool // DistilBERT's
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
		ModelType:        DistilBERT,
	}
}

// BERTUncased is the architecture of bert-base-uncased, which has the default values of
// Hugging Face's BertConfig.
func BERTUncased() Config {
	return Config{
		VocabSize:        30522,
		MaxPositions:     512,
		TypeVocabSize:    2,
		Dim:              768,
		Layers:           12,
		Heads:            12,
		HiddenDim:        3072,
		Dropout:          0.1,
		AttentionDropout: 0.1,
		Activation:       "gelu",
		InitRange:        0.02,
		LayerNormEps:     1e-12,
		ModelType:        BERT,
	}
}

// ReadConfig reads a config.json. Missing keys have the defaults of Hugging Face's
// DistilBertConfig or BertConfig. Without model_type it is a BERT if it has
// type_vocab_size, otherwise a DistilBERT.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read model configuration: %w", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return c, fmt.Errorf("read model configuration %s: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("model configuration %s: %w", path, err)
	}
	return c, nil
}

// NamedWeights returns the weight file named in dir's config.json, which transformers
// then uses instead of those with the usual names; "" if there is none, or no
// config.json.
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

// Validate returns an error for the first invalid value, named as in config.json.
func (c Config) Validate() error {
	keys := c.sizeKeys()
	for _, size := range []struct {
		name  string
		value int64
	}{
		{"vocab_size", c.VocabSize},
		{"max_position_embeddings", c.MaxPositions},
		{keys.dim, c.Dim},
		{keys.layers, c.Layers},
		{keys.heads, c.Heads},
		{keys.hidden, c.HiddenDim},
	} {
		if size.value < 1 || size.value > 1<<24 {
			return fmt.Errorf("%s is %d", size.name, size.value)
		}
	}
	switch {
	case c.Dim%c.Heads != 0:
		return fmt.Errorf("%s %d isn't a multiple of %s %d", keys.dim, c.Dim, keys.heads, c.Heads)
	case !slices.Contains(activations, c.Activation):
		return fmt.Errorf("%s %q; only %s are supported", keys.activation, c.Activation, strings.Join(activations, ", "))
	case c.Dropout < 0 || c.Dropout >= 1 || c.AttentionDropout < 0 || c.AttentionDropout >= 1:
		return fmt.Errorf("%s %g, %s %g: want 0 up to 1", keys.dropout, c.Dropout, keys.attentionDropout, c.AttentionDropout)
	case c.PadID < 0 || c.PadID >= c.VocabSize:
		return fmt.Errorf("pad_token_id %d is outside the vocabulary of %d", c.PadID, c.VocabSize)
	case c.LayerNormEps < 0 || c.LayerNormEps >= 1:
		return fmt.Errorf("layer_norm_eps is %g", c.LayerNormEps)
	}
	return c.validateTypes()
}

// validateTypes requires token types for model types that have them.
func (c Config) validateTypes() error {
	switch {
	case c.isBERT() && (c.TypeVocabSize < 1 || c.TypeVocabSize > 1<<24):
		return fmt.Errorf("type_vocab_size is %d", c.TypeVocabSize)
	case !c.isBERT() && c.ModelType != "" && c.ModelType != DistilBERT:
		return fmt.Errorf("model_type is %q; only %s and %s are supported", c.ModelType, DistilBERT, BERT)
	case !c.isBERT() && c.TypeVocabSize != 0:
		return fmt.Errorf("type_vocab_size is %d, but DistilBERT has no token types", c.TypeVocabSize)
	}
	return nil
}

func (c Config) isBERT() bool { return c.ModelType == BERT }

func (c Config) layerNormEps() float64 {
	if c.LayerNormEps == 0 {
		return 1e-12
	}
	return c.LayerNormEps
}
