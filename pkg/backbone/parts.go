package backbone

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/internal/torchx"
)

// partNames are a model type's names of the parts of its layers, which compute the same
// in all types.
type partNames struct {
	layers                 string // prefix of a layer's number
	query, key, value, out string
	attentionNorm          string
	inner, outer           string
	outputNorm             string
}

func (c Config) partNames() partNames {
	if c.isBERT() {
		return partNames{
			layers: "encoder.layer", query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
			out: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
			inner: "intermediate.dense", outer: "output.dense", outputNorm: "output.LayerNorm",
		}
	}
	return partNames{
		layers: "transformer.layer", query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
		out: "attention.out_lin", attentionNorm: "sa_layer_norm",
		inner: "ffn.lin1", outer: "ffn.lin2", outputNorm: "output_layer_norm",
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
