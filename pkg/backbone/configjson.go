package backbone

import (
	"encoding/json"
	"fmt"

	"github.com/trident-nlp/trident/internal/pyjson"
)

// distilBERTJSON has the keys of Hugging Face's DistilBertConfig.
type distilBERTJSON struct {
	VocabSize        int64   `json:"vocab_size"`
	MaxPositions     int64   `json:"max_position_embeddings"`
	Dim              int64   `json:"dim"`
	Layers           int64   `json:"n_layers"`
	Heads            int64   `json:"n_heads"`
	HiddenDim        int64   `json:"hidden_dim"`
	Dropout          float64 `json:"dropout"`
	AttentionDropout float64 `json:"attention_dropout"`
	Activation       string  `json:"activation"`
	InitRange        float64 `json:"initializer_range"`
	PadID            int64   `json:"pad_token_id"`
	SinusoidalPos    bool    `json:"sinusoidal_pos_embds"`
	TieWeights       bool    `json:"tie_weights_"`
	ModelType        string  `json:"model_type"`
}

// bertJSON has the keys of Hugging Face's BertConfig.
type bertJSON struct {
	VocabSize        int64   `json:"vocab_size"`
	MaxPositions     int64   `json:"max_position_embeddings"`
	TypeVocabSize    int64   `json:"type_vocab_size"`
	Dim              int64   `json:"hidden_size"`
	Layers           int64   `json:"num_hidden_layers"`
	Heads            int64   `json:"num_attention_heads"`
	HiddenDim        int64   `json:"intermediate_size"`
	Dropout          float64 `json:"hidden_dropout_prob"`
	AttentionDropout float64 `json:"attention_probs_dropout_prob"`
	Activation       string  `json:"hidden_act"`
	InitRange        float64 `json:"initializer_range"`
	LayerNormEps     float64 `json:"layer_norm_eps"`
	PadID            int64   `json:"pad_token_id"`
	ModelType        string  `json:"model_type"`
}

// sizeKeys are the keys with different names in the two model types.
type sizeKeys struct{ dim, layers, heads, hidden, activation, dropout, attentionDropout string }

func (c Config) sizeKeys() sizeKeys {
	if c.isBERT() {
		return sizeKeys{"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
			"hidden_act", "hidden_dropout_prob", "attention_probs_dropout_prob"}
	}
	return sizeKeys{"dim", "n_layers", "n_heads", "hidden_dim", "activation", "dropout", "attention_dropout"}
}

// MarshalJSON writes the keys of Hugging Face's configuration of the model type.
func (c Config) MarshalJSON() ([]byte, error) {
	if c.isBERT() {
		return json.Marshal(bertJSON{
			c.VocabSize, c.MaxPositions, c.TypeVocabSize, c.Dim, c.Layers, c.Heads, c.HiddenDim,
			c.Dropout, c.AttentionDropout, c.Activation, c.InitRange, c.layerNormEps(), c.PadID, c.ModelType,
		})
	}
	return json.Marshal(distilBERTJSON{
		c.VocabSize, c.MaxPositions, c.Dim, c.Layers, c.Heads, c.HiddenDim,
		c.Dropout, c.AttentionDropout, c.Activation, c.InitRange, c.PadID, c.SinusoidalPos, c.TieWeights, c.ModelType,
	})
}

// parseConfig parses config.json without checking the values.
func parseConfig(data []byte) (Config, error) {
	members, err := pyjson.Object(data)
	if err != nil {
		return Config{}, err
	}
	said := struct {
		ModelType string `json:"model_type"`
	}{DistilBERT}
	if _, typed := members["type_vocab_size"]; typed { // as in old BERT checkpoints, which have no model_type
		said.ModelType = BERT
	}
	if err := pyjson.Unmarshal(data, &said); err != nil {
		return Config{}, err
	}
	if err := checkUntyped(members); err != nil {
		return Config{}, err
	}
	switch said.ModelType {
	case DistilBERT:
		return parseDistilBERT(data, members)
	case BERT:
		return parseBERT(data, members)
	}
	return Config{}, fmt.Errorf("model_type is %q; only %s and %s are supported", said.ModelType, DistilBERT, BERT)
}

// checkUntyped refuses a configuration that would be taken for a DistilBERT's, but has a
// key of BERT's that DistilBERT lacks.
func checkUntyped(members map[string]json.RawMessage) error {
	const key = "intermediate_size"
	_, said := members["model_type"]
	_, typed := members["type_vocab_size"]
	if _, found := members[key]; found && !said && !typed {
		return fmt.Errorf("neither model_type nor type_vocab_size is there, but %s, which DistilBERT lacks: set model_type to %q if it is one", key, BERT)
	}
	return nil
}

func parseDistilBERT(data []byte, members map[string]json.RawMessage) (Config, error) {
	d := DistilBERTCased()
	k := distilBERTJSON{
		30522, d.MaxPositions, d.Dim, d.Layers, d.Heads, d.HiddenDim,
		d.Dropout, d.AttentionDropout, d.Activation, d.InitRange, d.PadID, d.SinusoidalPos, d.TieWeights, d.ModelType,
	}
	if err := pyjson.Unmarshal(data, &k); err != nil {
		return Config{}, err
	}
	// Size names of other models, which DistilBertConfig also accepts (its
	// attribute_map); if both are present, these are used.
	err := setSizes(members, []size{
		{"dim", &k.Dim}, {"hidden_size", &k.Dim},
		{"n_layers", &k.Layers}, {"num_hidden_layers", &k.Layers},
		{"n_heads", &k.Heads}, {"num_attention_heads", &k.Heads},
	})
	return Config{
		ModelType: k.ModelType, VocabSize: k.VocabSize, MaxPositions: k.MaxPositions, Dim: k.Dim, Layers: k.Layers, Heads: k.Heads,
		HiddenDim: k.HiddenDim, Dropout: k.Dropout, AttentionDropout: k.AttentionDropout, Activation: k.Activation,
		InitRange: k.InitRange, PadID: k.PadID, SinusoidalPos: k.SinusoidalPos, TieWeights: k.TieWeights,
	}, err
}

func parseBERT(data []byte, members map[string]json.RawMessage) (Config, error) {
	d := BERTUncased()
	k := bertJSON{
		d.VocabSize, d.MaxPositions, d.TypeVocabSize, d.Dim, d.Layers, d.Heads, d.HiddenDim,
		d.Dropout, d.AttentionDropout, d.Activation, d.InitRange, d.LayerNormEps, d.PadID, d.ModelType,
	}
	// Settings with which a BERT computes something else.
	other := struct {
		Positions string `json:"position_embedding_type"`
		Decoder   bool   `json:"is_decoder"`
		Cross     bool   `json:"add_cross_attention"`
	}{Positions: absolutePositions}
	for _, into := range []any{&k, &other} {
		if err := pyjson.Unmarshal(data, into); err != nil {
			return Config{}, err
		}
	}
	switch {
	case other.Positions != absolutePositions:
		return Config{}, fmt.Errorf("position_embedding_type is %q; only %s is supported", other.Positions, absolutePositions)
	case other.Decoder || other.Cross:
		return Config{}, fmt.Errorf("is_decoder is %t, add_cross_attention is %t: it is a decoder; only encoders are supported", other.Decoder, other.Cross)
	case k.LayerNormEps <= 0:
		return Config{}, fmt.Errorf("layer_norm_eps is %g", k.LayerNormEps)
	}
	err := setSizes(members, []size{
		{"vocab_size", &k.VocabSize}, {"max_position_embeddings", &k.MaxPositions}, {"type_vocab_size", &k.TypeVocabSize},
		{"hidden_size", &k.Dim}, {"num_hidden_layers", &k.Layers}, {"num_attention_heads", &k.Heads}, {"intermediate_size", &k.HiddenDim},
	})
	return Config{
		ModelType: k.ModelType, VocabSize: k.VocabSize, MaxPositions: k.MaxPositions, TypeVocabSize: k.TypeVocabSize, Dim: k.Dim,
		Layers: k.Layers, Heads: k.Heads, HiddenDim: k.HiddenDim, Dropout: k.Dropout, AttentionDropout: k.AttentionDropout,
		Activation: k.Activation, InitRange: k.InitRange, LayerNormEps: k.LayerNormEps, PadID: k.PadID,
	}, err
}

const absolutePositions = "absolute"

// size is a key that must be a number if it is present.
type size struct {
	name  string
	value *int64
}

func setSizes(members map[string]json.RawMessage, sizes []size) error {
	for _, size := range sizes {
		switch value, found := members[size.name]; {
		case !found:
		case string(value) == "null":
			return fmt.Errorf("%s is null; want a number", size.name)
		default:
			if err := json.Unmarshal(value, size.value); err != nil {
				return pyjson.Explained(size.name, value, err)
			}
		}
	}
	return nil
}
