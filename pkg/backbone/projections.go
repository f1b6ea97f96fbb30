package backbone

import (
	"github.com/sugarme/gotch/ts"

	"github.com/trident-nlp/trident/pkg/nn"
)

// Projections are the queries, keys and values of an encoder's last layer, [tokens, dim]
// each, heads concatenated.
type Projections struct{ Queries, Keys, Values *ts.Tensor }

// ForwardProjections is [Encoder.Forward] that also returns the last layer's projections,
// from which MiniLM's distillation losses are computed.
func (e *Encoder) ForwardProjections(s *nn.Scope, t Tokens) (*ts.Tensor, Projections) {
	below := Encoder{Config: e.Config, embeddings: e.embeddings, layers: e.layers[:len(e.layers)-1]}
	x := below.Forward(s, t)
	last := e.layers[len(e.layers)-1]
	p := Projections{s.Linear(x, last.attention.query), s.Linear(x, last.attention.key), s.Linear(x, last.attention.value)}
	return s.Block(func() *ts.Tensor { return last.forward(s, x, t.Lengths) }), p
}
