package pretrain

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/backbone"
	"github.com/trident-nlp/trident/pkg/nn"
)

// head maps hidden states to logits over the vocabulary: Linear → activation → LayerNorm →
// Linear, whose weight is tied to the word embeddings.
type head struct {
	transform nn.Linear // [dim, dim]
	norm      nn.LayerNorm
	decoder   nn.Linear // [vocabulary, dim], tied
	config    backbone.Config
}

// headNames are what a model type calls the head's parts.
type headNames struct{ transform, norm, bias string }

func headNamesOf(modelType string) headNames {
	if modelType == backbone.BERT {
		return headNames{"cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"}
	}
	return headNames{"vocab_transform", "vocab_layer_norm", "vocab_projector.bias"}
}

// params are the names of the head's own parameters; its decoder's weight is tied.
func (n headNames) params() []string {
	return []string{n.transform + ".weight", n.transform + ".bias", n.norm + ".weight", n.norm + ".bias", n.bias}
}

// newHead adds the head's parameters, over the embeddings words [vocabulary, dim].
func newHead(p nn.Params, c backbone.Config, words *ts.Tensor) head {
	names := headNamesOf(c.ModelType)
	return head{
		transform: nn.NewLinearNormal(p, names.transform, c.Dim, c.Dim, c.InitRange),
		norm:      nn.NewLayerNorm(p, names.norm, c.Dim, c.NormEps()),
		decoder:   nn.Linear{Weight: words, Bias: p.New(names.bias, nn.Zeros, c.VocabSize)},
		config:    c,
	}
}

// logits maps hidden states [n, dim] to logits [n, vocabulary].
func (h head) logits(s *nn.Scope, hidden *ts.Tensor) *ts.Tensor {
	return s.Linear(s.LayerNorm(h.config.Activated(s, hidden, h.transform), h.norm), h.decoder)
}
