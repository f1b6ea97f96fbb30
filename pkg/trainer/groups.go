package trainer

import (
	"errors"
	"math"

	"github.com/trident-nlp/trident/internal/torchx"
)

// layered is a [Model] that says in which of how many layers of its encoder a parameter is: 0
// is the embeddings, layers+1 the heads.
type layered interface {
	Layer(param string) (layer, layers int)
}

// errNoLayers is returned for a model that can't be taught layer by layer.
var errNoLayers = errors.New("Settings.HeadLearningRate and LayerDecay need a model that says which layer a parameter is in, by a method Layer")

// updates is how a parameter is updated.
type updates struct{ rate, decay float64 }

// groups are the model's parameters that aren't frozen, by how they are updated. With the
// default settings there is one group.
func groups(m Model, s Settings) ([]torchx.ParamGroup, error) {
	rateOf, err := rates(m, s)
	if err != nil {
		return nil, err
	}
	var list []torchx.ParamGroup
	places := map[updates]int{}
	for _, p := range m.Params().Trainable() {
		u := updates{rateOf(p.Name), s.WeightDecay}
		if s.NoDecayOnVectors && p.Tensor.Dim() == 1 {
			u.decay = 0
		}
		i, found := places[u]
		if !found {
			i = len(list)
			places[u] = i
			list = append(list, torchx.ParamGroup{Rate: u.rate, WeightDecay: u.decay})
		}
		list[i].Params = append(list[i].Params, p)
	}
	return list, nil
}

// rates says by what the learning rate of a step is multiplied for a parameter. The
// encoder's last layer has the learning rate itself, each one below LayerDecay times that of
// the one above, down to the embeddings (Howard and Ruder 2018; Sun et al. 2019).
func rates(m Model, s Settings) (func(param string) float64, error) {
	if s.HeadLearningRate == 0 && s.LayerDecay == 1 {
		return func(string) float64 { return 1 }, nil
	}
	model, ok := m.(layered)
	if !ok {
		return nil, errNoLayers
	}
	heads := 1.0
	if s.HeadLearningRate > 0 {
		heads = s.HeadLearningRate / s.LearningRate
	}
	return func(param string) float64 {
		layer, layers := model.Layer(param)
		if layer > layers {
			return heads
		}
		return math.Pow(s.LayerDecay, float64(layers-layer))
	}, nil
}
