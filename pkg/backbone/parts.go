package backbone

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// PartNames are a model type's names of the parts of its layers, which compute the same
// in all types: a layer's number follows Layers, and each part has a weight and a bias.
type PartNames struct {
	Layers                 string // prefix of a layer's number
	Query, Key, Value, Out string
	AttentionNorm          string
	Inner, Outer           string // of the feed-forward network
	OutputNorm             string
}

// PartNames returns the names of the configuration's model type.
func (c Config) PartNames() PartNames {
	if c.isBERT() {
		return PartNames{
			Layers: "encoder.layer", Query: "attention.self.query", Key: "attention.self.key", Value: "attention.self.value",
			Out: "attention.output.dense", AttentionNorm: "attention.output.LayerNorm",
			Inner: "intermediate.dense", Outer: "output.dense", OutputNorm: "output.LayerNorm",
		}
	}
	return PartNames{
		Layers: "transformer.layer", Query: "attention.q_lin", Key: "attention.k_lin", Value: "attention.v_lin",
		Out: "attention.out_lin", AttentionNorm: "sa_layer_norm",
		Inner: "ffn.lin1", Outer: "ffn.lin2", OutputNorm: "output_layer_norm",
	}
}

// modelName is the common name of a model type.
func modelName(bert bool) string {
	if bert {
		return "BERT"
	}
	return "DistilBERT"
}

// publishedHeads are the prefixes of heads in published checkpoints of a model type
// whose encoder has no prefix.
func publishedHeads(bert bool) []string {
	if bert {
		return []string{"cls", "classifier", "qa_outputs"}
	}
	return []string{"vocab_transform", "vocab_layer_norm", "vocab_projector", "pre_classifier", "classifier", "qa_outputs"}
}

// activations are Hugging Face's names of the activations that [activated] supports.
var activations = []string{"gelu", "gelu_new", "relu"}

// activated applies l to x, and then the named activation.
func activated(s *torchx.Scope, activation string, x *ts.Tensor, l torchx.Linear) *ts.Tensor {
	switch activation {
	case "relu":
		return s.ReLU(s.Linear(x, l))
	case "gelu_new":
		return s.GELUTanh(s.Linear(x, l))
	}
	return s.LinearGELU(x, l)
}
